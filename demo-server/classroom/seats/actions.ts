/** What only the teacher of a class may do, and when it is refused. */
import { randomInt } from 'node:crypto';
import { RANGES } from '../../protocol.ts';
import type { ClassRecord } from '../log/record.ts';
import { isClassPath, SAID_LENGTH, type TeacherAction } from '../protocol.ts';
import { measuredOf } from '../run/measured.ts';
import type { RunClock } from '../run/run-clock.ts';
import { questionOf, seatsOf } from './pictures.ts';
import { isTechnique, readQuestion, readSettings } from './read.ts';
import { badAction, refuseIfEnded } from './refused.ts';
import { emptySeats, type Seated } from './seats.ts';
import { drawId } from './secrets.ts';

/** Class runs and questions of one class. */
const RUNS = 100;
const QUESTIONS = 300;

/** What is kept with the class; where it is joined is the matter of each server. */
export type KeptAction = Exclude<TeacherAction, { do: 'join-at' }>;

/** Returns what does one action, as a teacher's page sends it; it resolves once the action is kept. */
export function teacherActions(
  record: ClassRecord,
  clock: RunClock,
  seated: Seated,
): (action: KeptAction) => Promise<void> {
  const { write } = record;
  const actions: { [Do in KeptAction['do']]: (action: Extract<KeptAction, { do: Do }>) => Promise<void> } = {
    lock: ({ locked }) => write({ type: 'locked', locked: locked === true }),
    remove({ seat }) {
      if (!seatsOf(record.state).some(({ id: known }) => known === seat)) throw badAction('there is no such seat');
      return write({ type: 'removed', seat });
    },
    'remove-empty': async ({ connected }) => {
      for (const { id } of emptySeats(record.state, seated, connected === true))
        await write({ type: 'removed', seat: id, empty: true });
    },
    go({ path }) {
      if (path !== null && !isClassPath(path)) throw badAction('a class goes to a page of this site, such as "/lab/"');
      return write({ type: 'went', path });
    },
    'call-run': ({ settings }) => {
      if (record.state.runs.length >= RUNS) throw badAction(`a class makes at most ${RUNS} runs; open another class`);
      // One seed for all: every device gets the same events at the same times.
      const common = { seed: randomInt(RANGES.seed.max + 1), ...readSettings(settings) };
      return write({ type: 'run-called', run: drawId(), settings: common });
    },
    'start-run': async () => void (await clock.startIfReady(true)),
    'stop-run': async () => void (await clock.endRun()),
    ask: ({ question, key }) => {
      if (record.state.questions.length >= QUESTIONS) throw badAction(`a class asks at most ${QUESTIONS} questions`);
      const read = readQuestion(question, key);
      return write({ type: 'asked', question: drawId(), text: read.question, key: read.key });
    },
    reveal() {
      const { id: question, question: asked } = openQuestion();
      return write({ type: 'revealed', question, measured: measuredOf(record.state, asked) });
    },
    'close-question': () => write({ type: 'question-closed', question: openQuestion().id }),
    feed({ technique }) {
      if (technique !== null && !isTechnique(technique)) throw badAction('there is no such technique');
      return write({ type: 'feed', technique });
    },
    say({ text }) {
      if (record.state.feed === null) throw badAction('the class feed has to be on: pick a technique for it');
      if (typeof text !== 'string' || text.trim() === '' || text.length > SAID_LENGTH)
        throw badAction(`a text of 1 to ${SAID_LENGTH} characters`);
      return write({ type: 'said', text: text.trim() });
    },
    end: () => write({ type: 'ended' }),
  };
  function openQuestion() {
    const open = questionOf(record.state);
    if (!open) throw badAction('no question is open');
    return open;
  }

  return async (action) => {
    const name = (action as KeptAction | undefined)?.do;
    const known = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (!known) throw badAction(`it is one of ${[...Object.keys(actions), 'join-at'].join(', ')}`);
    refuseIfEnded(record.state);
    await known(action as never);
  };
}
