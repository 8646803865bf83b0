/**
 * Run settings as text: in the address of the page and in the fields of its form. Both keep the names of `RunSettings`.
 */
import {
  ARRIVALS,
  checkSettings,
  LADDER,
  type NumericSetting,
  RANGES,
  type RunSettings,
  type ScheduledFault,
  type SettingFault,
  TECHNIQUES,
  type TechniqueId,
} from '../protocol.ts';

/** Settings as a reader gives them: the seed may be left to the server. */
export type WantedSettings = Omit<RunSettings, 'seed'> & { seed?: number };

/** What fields and addresses hold: text by setting name; a name that is absent takes its default. */
export type SettingTexts = Partial<Record<NumericSetting | 'arrivals' | 'faults', string>> & { techniques?: string[] };

const NUMERIC = Object.keys(RANGES) as NumericSetting[];

/** The settings that `texts` spell, or every fault in them; a fault's `got` is the text as it was written. */
export function settingsFromTexts(texts: SettingTexts): { settings: WantedSettings } | { faults: SettingFault[] } {
  const given: Record<string, unknown> = {};
  if (texts.techniques) given.techniques = texts.techniques;
  if (texts.arrivals !== undefined) given.arrivals = texts.arrivals;
  for (const name of NUMERIC) {
    const text = texts[name]?.trim();
    if (text === undefined || (text === '' && name === 'seed')) continue;
    // Number('') is 0, which is not what an emptied field says.
    given[name] = text === '' || Number.isNaN(Number(text)) ? text : Number(text);
  }
  if (texts.faults) given.faults = faultsFromText(texts.faults);
  return checkSettings(given);
}

/**
 * Planned faults as one text for an address: `stall@20:5:sse.websocket,cut@30` is a stall before event 20, of 5 s, in two
 * lanes, and a cut before event 30 in all. Made so that nothing in it has to be escaped.
 */
export function textFromFaults(faults: readonly ScheduledFault[]): string {
  return faults
    .map(({ fault, atEvent, seconds = '', techniques = [] }) =>
      `${fault}@${atEvent}:${seconds}:${techniques.join('.')}`.replace(/:+$/, ''),
    )
    .join(',');
}

/** The faults that such a text spells, unchecked: what does not fit is for checkSettings to refuse. */
export function faultsFromText(text: string): unknown[] {
  return text.split(',').map((one) => {
    const [, fault, atEvent, seconds, techniques] =
      /^([a-z0-9-]+)@(\d+)(?::([\d.]*))?(?::([a-z0-9.-]+))?$/.exec(one) ?? [];
    if (fault === undefined) return one;
    return {
      fault,
      atEvent: Number(atEvent),
      ...(seconds ? { seconds: Number(seconds) } : {}),
      ...(techniques ? { techniques: techniques.split('.') } : {}),
    };
  });
}

/** The texts in a query string such as `?techniques=sse,websocket&eventsPerSecond=5`. Unknown names are left alone. */
export function textsFromQuery(query: string): SettingTexts {
  const parameters = new URLSearchParams(query);
  const texts: SettingTexts = {};
  const techniques = parameters.get('techniques');
  if (techniques !== null) texts.techniques = techniques.split(',').filter((id) => id !== '');
  for (const name of [...NUMERIC, 'arrivals', 'faults'] as const) {
    const text = parameters.get(name);
    if (text !== null) texts[name] = text;
  }
  return texts;
}

/**
 * The query string (with its `?`) that repeats a run of these settings; in ladder order, so that equal runs have equal
 * links. A condition that is off (0) is left out, or every link would be long.
 */
export function queryFromSettings(settings: WantedSettings): string {
  const parameters: string[] = [];
  const techniques = TECHNIQUES.filter((id) => settings.techniques.includes(id)).join(',');
  if (techniques !== LADDER.join(',')) parameters.push(`techniques=${techniques}`);
  parameters.push(`arrivals=${settings.arrivals}`);
  for (const name of NUMERIC) {
    const value = settings[name];
    const off = name !== 'seed' && RANGES[name].default === 0 && value === 0;
    if (value !== undefined && !off) parameters.push(`${name}=${value}`);
  }
  if (settings.faults.length > 0) parameters.push(`faults=${textFromFaults(settings.faults)}`);
  return `?${parameters.join('&')}`;
}

/** Whether `text` names a technique. */
export function isTechnique(text: string): text is TechniqueId {
  return (TECHNIQUES as readonly string[]).includes(text);
}

/** What kind of explanation a fault needs: a range, a limit on rate × payload, a choice, or the server's own words. */
export function kindOfFault(fault: SettingFault): 'whole' | 'number' | 'feed' | 'techniques' | 'arrivals' | 'other' {
  if (fault.field === 'techniques' || fault.field === 'arrivals') return fault.field;
  if (!(fault.field in RANGES)) return 'other';
  const range = RANGES[fault.field as NumericSetting];
  const got = Number(fault.got);
  const inRange = got >= range.min && got <= range.max && (!range.integer || Number.isInteger(got));
  if (!inRange || fault.got === '') return range.integer ? 'whole' : 'number';
  // A payload that is fine by itself but not at this rate; anything else is a limit that only the server knows.
  return fault.field === 'payloadBytes' ? 'feed' : 'other';
}

export { ARRIVALS, NUMERIC };
