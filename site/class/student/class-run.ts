/**
 * This device's part in a class run: takes the lab for it, gets ready, lets the lanes connect shortly before the common
 * start, and sends what it measured.
 */
import { type ClassRequest, type ClassRun, CONNECT_BEFORE_MS } from '../../../demo-server/classroom/protocol.ts';
import { pageTime } from '../../../demo-server/measure/clock.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import type { WantedSettings } from '../../../demo-server/measure/settings.ts';
import { holdDrawing } from '../../kit/visible.ts';
import { say, type Words } from '../../kit/words.ts';
import type { PushLab } from '../../lab/lab-element.ts';
import type { OutsideRun, TakenLab } from '../../lab/run/taken.ts';
import type { Link } from '../link.ts';
import type { Outbox } from '../outbox.ts';
import { resultOf } from './device-result.ts';

/** How often a device sends what it has measured so far. */
const INTERIM_MS = 2000;
/** From the signal to start until this long after the start nothing is drawn: a page that draws starts late. */
const CALM_MS = 400;

interface ClassRunOptions {
  words: Words;
  link: Link;
  outbox: Outbox;
  /** Called when this device has nothing more to do for the run. */
  done: () => void;
}

export class ClassRunPart {
  readonly id: string;
  readonly #options: ClassRunOptions;
  readonly #taken: TakenLab;
  readonly #startsAt = Promise.withResolvers<number>();
  /** The class's run as the server showed it last. */
  #run: ClassRun;
  /** The id of this device's own run; '' until it has one. */
  #ownRun = '';
  #recording: Recording | null = null;
  #startedAt: number | null = null;
  #interim = 0;
  #over = false;

  /** Takes part in `run` with the lab of this page. */
  constructor(lab: PushLab, run: ClassRun, options: ClassRunOptions) {
    this.id = run.id;
    this.#run = run;
    this.#options = options;
    this.#taken = lab.take({
      settings: run.settings as WantedSettings,
      gate: (own, recording) => this.#untilStart(own, recording),
      tell: (phase, recording) => this.#enter(phase, recording),
    });
    // The lab says that it is connecting, which none of its lanes does before the common start.
    this.#say('class.run.getting');
  }

  /** The class's run has changed. */
  update(run: ClassRun): void {
    this.#run = run;
    if (run.startsAt !== null) this.#startsAt.resolve(run.startsAt);
    this.#sendReady();
  }

  /** Resolves when the lanes are to connect, with the common start by the page's clock. */
  async #untilStart(own: string, recording: Recording): Promise<number> {
    this.#ownRun = own;
    this.#recording = recording;
    this.#taken.show();
    this.#say('class.run.ready');
    this.#sendReady();
    const startsAt = recording.clock.toPage(await this.#startsAt.promise);
    holdDrawing(startsAt + CALM_MS);
    await new Promise((resolve) => setTimeout(resolve, startsAt - pageTime() - CONNECT_BEFORE_MS));
    return startsAt;
  }

  #enter(phase: Parameters<OutsideRun['tell']>[0], recording: Recording | null): void {
    this.#recording = recording ?? this.#recording;
    if (phase === 'running' && recording) {
      this.#startedAt = pageTime() + (recording.clock.current?.offsetMs ?? 0);
      this.#interim = window.setInterval(() => this.#sendSoFar(), INTERIM_MS);
    }
    if (phase === 'finished' || phase === 'stopped' || phase === 'failed') this.#end();
  }

  /** Sent again and again: a message may be lost with its connection, and another server has not received it. */
  #sendReady(): void {
    if (this.#over || this.#ownRun === '') return;
    // The class did not wait for this device, or the teacher has called the run off: nothing else would ever end it here.
    if (this.#run.state === 'over') this.#taken.stop();
    else this.#options.link.send({ type: 'ready', classRun: this.id, run: this.#ownRun });
  }

  #sendSoFar(): void {
    const result = this.#result(false);
    if (result) this.#options.link.send(result);
  }

  #end(): void {
    clearInterval(this.#interim);
    this.#over = true;
    const result = this.#result(true);
    // Of a run that was called off before its start there is nothing to send.
    if (result && this.#run.startsAt !== null) this.#options.outbox.put(result);
    this.#options.done();
  }

  #result(final: boolean): Extract<ClassRequest, { type: 'result' }> | null {
    if (!this.#recording) return null;
    const result = resultOf(this.#recording, this.#startedAt);
    return { type: 'result', classRun: this.id, run: this.#ownRun, result, final };
  }

  #say(key: string): void {
    this.#taken.say(say(this.#options.words, key));
  }
}
