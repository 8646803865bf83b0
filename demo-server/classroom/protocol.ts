/**
 * What both sides of a classroom agree on: the pictures of a class, the messages of its socket, and the checks that both
 * make. Imports only the types and checks of ../protocol.ts, touches no platform API, and ships to the browser unchanged.
 */
import { checkSettings, type LaneLedger, type RunSettings, type TechniqueId } from '../protocol.ts';

/** The address of the class's WebSocket; one for each device. */
export const CLASS_SOCKET = '/classroom';

// ------------------------------------------------------------------------------------------------------- nicknames

/** Characters that a nickname may have at the most. */
export const NICKNAME_LENGTH = 24;
/** Digits of a new class's join code; how hard it is to guess is calculated in door.ts. */
export const CODE_LENGTH = 8;
/** Digits of the codes that older versions drew; their classes keep them. */
export const SHORTEST_CODE = 6;

/** A join code as people read it: in two groups. */
export const spacedCode = (code: string): string => `${code.slice(0, code.length / 2)} ${code.slice(code.length / 2)}`;

export type NicknameFault = 'nickname-empty' | 'nickname-long' | 'nickname-characters';

/**
 * Signs that show nothing although Unicode counts them as letters or symbols: the Braille pattern without dots, the blanks of
 * Egyptian hieroglyphs, the null notehead, the object replacement character. What else shows nothing has a property.
 */
const BLANK = /[\u2800\u{13441}\u{13442}\u{1d159}\ufffc]/u;
/** An emoji, also one of several: with its colour and variant (U+FE0F), its parts joined by U+200D; and a key's frame. */
const EMOJI =
  /\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?(?:\u200d\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)*|[0-9#*]\ufe0f?\u20e3/gu;
/** Where scripts need a joiner (U+200D) or its opposite (U+200C): within a word of these. */
const JOINED =
  /([\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Oriya}\p{Script=Sinhala}\p{Script=Tamil}\p{Script=Telugu}])[\u200c\u200d](?=[\p{L}\p{M}])/gu;

/**
 * A nickname as it will be shown: one line, single spaces, NFC. Refused where it is empty, longer than 24 characters, or
 * holds what would disturb its neighbours or show nothing: control and direction characters, invisible ones, letters under
 * a pile of marks, a mark without its letter.
 */
export function checkNickname(input: unknown): { nickname: string } | { fault: NicknameFault } {
  if (typeof input !== 'string' || input.length > 4 * NICKNAME_LENGTH) return { fault: 'nickname-long' };
  const nickname = input.normalize('NFC').replace(/\s+/gu, ' ').trim();
  if (nickname === '') return { fault: 'nickname-empty' };
  if ([...nickname].length > NICKNAME_LENGTH) return { fault: 'nickname-long' };
  const rest = nickname.replace(EMOJI, 'o').replace(JOINED, '$1');
  const disturbing =
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{3}|(?:^|\s)\p{M}/u;
  if (disturbing.test(rest) || BLANK.test(rest) || !/[\p{L}\p{N}\p{S}\p{P}]/u.test(rest))
    return { fault: 'nickname-characters' };
  return { nickname };
}

/** What two names have in common that look alike: wide letters and capitals are the plain ones, and what shows nothing is left out. */
export function looksLike(nickname: string): string {
  return nickname
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}|\p{Cf}/gu, '')
    .replace(new RegExp(BLANK, 'gu'), '')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** Whether `path` is a page of this site that a class can go to: an absolute path, nothing of another host. */
export function isClassPath(path: unknown): path is string {
  return typeof path === 'string' && path.length <= 600 && /^\/(?![/\\])[^\s\\]*$/.test(path);
}

// ---------------------------------------------------------------------------------------------------- class runs

/** A run that every device makes at the same time: `called`, devices connect; `running`, from one moment on; `over`. */
export interface ClassRun {
  id: string;
  state: 'called' | 'running' | 'over';
  /** The common settings; each device makes its own run of them. */
  settings: Partial<RunSettings> & Record<string, unknown>;
  calledAt: number;
  /** The common start in ms since the epoch (server's clock); null until enough devices are ready. */
  startsAt: number | null;
  endsAt: number | null;
}

/** Lanes connect so long before the common start: enough for a phone on bad wifi, and few polls before there is anything to ask for. */
export const CONNECT_BEFORE_MS = 1200;

/** Upper ends (ms) of the bins that latencies are counted in: a quarter of an octave each, from 0.25 ms to 16 s; then one for what is longer. */
export const LATENCY_BINS: readonly number[] = Array.from({ length: 65 }, (_, n) => 0.25 * 2 ** (n / 4));

/** The index of the bin that a latency in ms falls in. */
export function latencyBin(ms: number): number {
  if (!(ms > 0.25)) return 0;
  return Math.min(LATENCY_BINS.length, Math.ceil(4 * Math.log2(ms / 0.25)));
}

/** What a device measured of one lane. Latencies in ms; `bins` counts them in LATENCY_BINS, with one more for the rest. */
export interface LaneMeasure {
  received: number;
  lost: number;
  p50: number | null;
  p95: number | null;
  max: number | null;
  bins: number[];
}

/** How well a device could measure: whether its page was isolated, the step of its timer, how sure its clock was, in ms. */
export interface MeasureConditions {
  isolated: boolean;
  resolutionMs: number;
  uncertaintyMs: number | null;
  /** The tab was out of sight for a part of the run. */
  hidden: boolean;
  /** The longest that everything in the page had to wait once, in ms; null or missing where nobody looked. */
  eventLoopDelayMs?: number | null;
}

/** What a device tells of its run; bytes and requests are not among it, the server has counted them itself. */
export interface DeviceResult {
  lanes: Partial<Record<TechniqueId, LaneMeasure>>;
  conditions: MeasureConditions;
  /** When the page itself saw the start, in ms since the epoch by the server's clock as the page knows it. */
  startedAt: number | null;
}

/** The counts of one lane that a class adds up: requests, connections, events, and bytes by what they are. */
export interface LaneCounts {
  requests: number;
  connectionsOpened: number;
  connectionsReused: number;
  headBytes: number;
  headUp: number;
  headDown: number;
  framing: number;
  envelope: number;
  payload: number;
  redundantPayload: number;
  wireBytes: number;
  eventsSent: number;
}

/** The counts of a lane out of its account in the ledger. */
export function laneCounts(lane: LaneLedger): LaneCounts {
  const { up, down } = lane.bytes;
  const { requests, connectionsOpened, connectionsReused, eventsSent } = lane;
  const { envelope, payload, redundantPayload } = down;
  return {
    requests,
    connectionsOpened,
    connectionsReused,
    headBytes: up.head + down.head,
    headUp: up.head,
    headDown: down.head,
    framing: up.framing + down.framing,
    envelope,
    payload,
    redundantPayload,
    wireBytes: lane.wireBytesUp + lane.wireBytesDown,
    eventsSent,
  };
}

/** One seat's part of a class run: what its device measured, and what the server counted for it. */
export interface SeatResult extends DeviceResult {
  run: string;
  counts: Partial<Record<TechniqueId, LaneCounts>>;
  /** False while the run goes on: then it is what was known some seconds ago. */
  final: boolean;
}

// ------------------------------------------------------------------------------------------------------ questions

/** A question to the whole class, as every device shows it. `unit` belongs to a number. */
export interface Question {
  kind: 'one' | 'several' | 'order' | 'number';
  text: string;
  /** What there is to choose or to sort; in the order shown. Empty for a number. */
  choices: string[];
  unit: string;
  /** The page that it comes from, with the anchor of the question. */
  path: string;
  /** What it is about where it is a prediction: then the class's own run can answer it. */
  predicts?: Prediction | undefined;
}

/** A figure of one lane in a run of these settings, as the lesson's demo makes it. */
export interface Prediction {
  technique: TechniqueId;
  /** A name of FIGURES in site/components/demo/last-runs.ts. */
  figure: string;
  settings: Record<string, unknown>;
  /** The numbers that the choices stand for; empty where one is written. */
  numbers: number[];
}

/** What a run of the class measured of a prediction: the median of its devices, the least and the most. */
export interface ClassMeasure {
  run: string;
  /** When that run began, in ms since the epoch. */
  startsAt: number;
  devices: number;
  value: number;
  low: number;
  high: number;
}

/** A guess is right within a quarter of what was measured, as on the lesson's page. */
export const NEAR = 0.25;

/** Of several choices the one that is nearest to what was measured, by ratio (zero is nearest to zero only). */
export function nearestChoice(choices: readonly number[], measured: number): number {
  const distance = (choice: number): number =>
    choice === measured
      ? 0
      : choice <= 0 || measured <= 0
        ? Math.abs(choice - measured) * 1e6
        : Math.abs(Math.log(choice / measured));
  return choices.reduce((best, choice) => (distance(choice) < distance(best) ? choice : best));
}

/** Whether runs of both settings answer the same question: all of them alike but the other lanes and the seed. */
export function sameQuestion(one: unknown, other: unknown): boolean {
  const [a, b] = [checkSettings(one), checkSettings(other)];
  if ('faults' in a || 'faults' in b) return false;
  const alike = ({ techniques: _, seed: __, ...rest }: typeof a.settings) =>
    JSON.stringify(Object.entries(rest).sort());
  return alike(a.settings) === alike(b.settings);
}

/** What is right, and why; devices have it only once it is revealed. */
export interface QuestionKey {
  /** Indices into `choices`: the right ones, or for `order` the right order. */
  right: number[];
  value: number | null;
  tolerance: number;
  /** Why, in sentences. */
  why: string[];
  /** For a prediction: what the lesson's recorded run measured, with browser, date and command. */
  recorded?: string | undefined;
}

/** Indices into `choices`, or one number. */
export type Answer = number[] | number;

/** The question that is open, as a device sees it. */
export interface OpenQuestion {
  id: string;
  question: Question;
  answered: number;
  revealed: Revealed | null;
}

/** Answers of the class: `counts` by choice (of `order`, how many had all right), or the numbers given, ascending. */
export interface Tally {
  answered: number;
  right: number;
  counts: number[];
  numbers: number[];
}
export interface Revealed {
  key: QuestionKey;
  tally: Tally;
  /** By which run of the class the key is; null = by the lesson's recorded run, or no prediction. */
  measured: ClassMeasure | null;
}

/** Characters that the teacher may say to the class at once. */
export const SAID_LENGTH = 280;

/** Limits of what a teacher's page may put into one question. */
export const QUESTION_LIMITS = { text: 600, choices: 12, choice: 300, why: 12 } as const;

/** Seats of one class; a school's largest lecture and some more. */
export const SEATS = 400;

// ------------------------------------------------------------------------------------------------------- pictures

/** What every device of the class is shown; small, as it is sent at each change. */
export interface ClassPicture {
  name: string;
  locked: boolean;
  ended: boolean;
  /** Seats that are connected, and all. */
  online: number;
  seats: number;
  /** Where the class is together; null = everybody roams. `move` counts up, so that a page goes there once. */
  together: { path: string; move: number } | null;
  run: ClassRun | null;
  question: OpenQuestion | null;
  /** The technique that carries the class feed, the id of its run, and its newest event by now; null = none runs. */
  feed: { technique: TechniqueId; run: string; after: number } | null;
}

export type Presence = 'online' | 'hidden' | 'offline';

/** What a teacher sees of one seat. `awaited`: what the class does and this seat has not done yet. */
export interface SeatPicture {
  id: string;
  nickname: string;
  presence: Presence;
  path: string;
  awaited: 'page' | 'run' | 'answer' | null;
  /** Its part in the class's run. */
  run: 'none' | 'ready' | 'running' | 'done';
  isolated: boolean | null;
  /** Holds no answer and no result, and takes no part in the newest run: it may give way to another device. */
  empty: boolean;
}

/** What the class costs the server: sums over all devices, by lane. */
export interface ClassCosts {
  run: string;
  /** Devices whose runs are in the sums. */
  devices: number;
  /** Seconds that the sums cover, from the lanes' first connections on. */
  seconds: number;
  lanes: Partial<Record<TechniqueId, LaneCounts>>;
  /** The most connections of all devices that were seen open at one moment, by lane. */
  held: Partial<Record<TechniqueId, number>>;
}

/** How the class feed went over one technique: what its lane cost, and how long its news took, as devices told. */
export interface FeedPicture {
  technique: TechniqueId;
  events: number;
  readers: number;
  counts: LaneCounts;
  latency: { count: number; p50: number; p95: number; max: number } | null;
}

/** One seat's result without its bins. */
export interface SeatLine {
  seat: string;
  nickname: string;
  final: boolean;
  startedAt: number | null;
  conditions: MeasureConditions;
  lanes: Partial<Record<TechniqueId, Omit<LaneMeasure, 'bins'>>>;
}

/** Where to join. */
export interface JoinPlace {
  code: string;
  /**
   * The one that the wall shows first, then those of the server's other networks. `qr` has one row of 0 and 1 for each line;
   * null where no other device can come in by it. `network` is the system's name for it, '' where it has none; one that is
   * `virtual` is offered to the teacher, and not to the class.
   */
  addresses: { url: string; qr: string[] | null; address: string; network: string; virtual: boolean }[];
  /** The address that was chosen, while this machine has it; null = the likeliest is the first. */
  chosen: string | null;
  /** Why no other device can come in: the server listens for its own machine alone, or this is in no network (that it listens in). */
  trouble: 'this-machine' | 'no-network' | 'link-local' | 'ipv6-only' | null;
}

/** What a teacher's console and the projector are shown. */
export interface TeacherPicture {
  class: ClassPicture;
  join: JoinPlace;
  people: SeatPicture[];
  /** While a run is called: how many of the devices that it waits for are ready. Null at other times. */
  readiness: { ready: number; count: number } | null;
  /** Results of the newest class run, by seat. */
  results: SeatLine[];
  /** All latencies of that run by lane, counted in LATENCY_BINS. */
  pooled: Partial<Record<TechniqueId, number[]>>;
  costs: ClassCosts | null;
  /** The answers so far: a projector hides them until they are revealed. */
  tally: Tally | null;
  key: QuestionKey | null;
  /** What the class's runs say to the open prediction; null where none fits it. */
  measured: ClassMeasure | null;
  feed: FeedPicture | null;
  history: { runs: number; questions: number };
  /** How long the server's own log needs, and where it is kept: 'memory' is gone when the server stops. */
  kept: 'memory' | 'sqlite' | 'redis';
  /** Set while what keeps the class cannot be reached. */
  trouble: 'store' | null;
}

// ------------------------------------------------------------------------------------------------------- messages

export type TeacherAction =
  | { do: 'lock'; locked: boolean }
  | { do: 'remove'; seat: string }
  | { do: 'remove-empty'; connected: boolean }
  | { do: 'go'; path: string | null }
  | { do: 'call-run'; settings: Record<string, unknown> }
  | { do: 'start-run' }
  | { do: 'stop-run' }
  | { do: 'ask'; question: Question; key: QuestionKey }
  | { do: 'reveal' }
  | { do: 'close-question' }
  | { do: 'feed'; technique: TechniqueId | null }
  | { do: 'say'; text: string }
  /** Which address the wall shows, as in `join.addresses`; null = the likeliest. */
  | { do: 'join-at'; address: string | null }
  | { do: 'end' };

/** What a device sends, as JSON text frames. The first is `hello`; nothing secret stands in an address. */
export type ClassRequest =
  /** With a secret that the device has drawn, saying it again after a lost answer gives the same seat, not a second one. */
  | { type: 'hello'; as: 'new'; code: string; nickname: string; secret?: string }
  | { type: 'hello'; as: 'seat'; seat: string; secret: string }
  | { type: 'hello'; as: 'teacher'; token: string }
  | { type: 'ping'; id: number }
  | { type: 'here'; path: string; hidden: boolean }
  | { type: 'nickname'; nickname: string }
  /** `n` of this and the next: some number, by which the device hears that it is settled. */
  | { type: 'answer'; question: string; answer: Answer; n?: number }
  | { type: 'ready'; classRun: string; run: string }
  /** `run`: the device's own run; a server to which it has not said that it is ready cannot know. */
  | { type: 'result'; classRun: string; run?: string; result: DeviceResult; final: boolean; n?: number }
  | { type: 'heard'; latencies: number[] }
  | { type: 'act'; id: number; action: TeacherAction };

/** Why a device was refused or let go; the page has a sentence for each. */
export type ClassRefusal =
  | NicknameFault
  | 'wrong-code'
  | 'wrong-token'
  | 'unknown-seat'
  | 'removed'
  | 'locked'
  | 'ended'
  | 'full'
  | 'too-fast'
  | 'too-many-tries'
  | 'elsewhere'
  | 'bad-message'
  | 'bad-action'
  | 'store-lost';

/** What one device has done in the class itself. */
export interface OwnPart {
  nickname: string;
  /** Its answer to the open question. */
  answer: Answer | null;
  /** The class run that it has told the result of. */
  result: string | null;
}

/** What the server sends. `at` = its clock in ms since the epoch, with fractions. */
export type ClassMessage =
  /** The code will be looked at when it is its turn; nothing is to be done meanwhile. */
  | { type: 'wait' }
  | { type: 'seat'; seat: string; nickname: string; secret?: string }
  | { type: 'teacher' }
  | { type: 'pong'; id: number; at: number }
  | { type: 'class'; at: number; class: ClassPicture; own: OwnPart | null }
  | { type: 'console'; at: number; picture: TeacherPicture }
  /** The answer or final result that came with `n` need not be said again: it is kept, or came too late or cannot be one. */
  | { type: 'settled'; n: number; kept: boolean }
  | { type: 'done'; id: number; refused?: ClassRefusal; message?: string }
  | { type: 'refused'; why: ClassRefusal; message: string };

/** Close codes of the class's socket. 1013 is IANA's "Try Again Later"; the others are our own: do not come back with the same greeting. */
export const CLOSED_FOR_GOOD = 4403;
/** There was no room just now; come back with the same greeting. */
export const CLOSED_FOR_NOW = 1013;
/** The same seat or more sockets than it may have were opened elsewhere. */
export const CLOSED_ELSEWHERE = 4409;

/** Answer of `GET /classroom/info`: whether there is a class here, and whether one can join it. */
export type ClassInfo = { open: false } | { open: true; name: string; locked: boolean; ended: boolean };

/** One line of news on the class feed: the `data` of its events, as JSON. */
export type ClassNews =
  | { kind: 'joined'; nickname: string }
  | { kind: 'answered'; answered: number; seats: number }
  | { kind: 'result'; results: number }
  | { kind: 'asked' | 'revealed' | 'run-called' | 'run-started' | 'run-over' | 'changed' }
  | { kind: 'said'; text: string };
