import { describe, expect, test } from 'vitest';
import {
  kindOfFault,
  queryFromSettings,
  settingsFromTexts,
  textFromFaults,
  textsFromQuery,
  type WantedSettings,
} from '../../demo-server/measure/settings.ts';
import { LADDER, TECHNIQUES } from '../../demo-server/protocol.ts';

const read = (query: string): WantedSettings => {
  const result = settingsFromTexts(textsFromQuery(query));
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.settings;
};
const faults = (query: string) => {
  const result = settingsFromTexts(textsFromQuery(query));
  return 'faults' in result ? result.faults : [];
};

describe('settings in the address', () => {
  test('an empty address is a run with every default', () => {
    expect(read('').techniques).toEqual([...LADDER]);
    expect(read('')).toEqual(read('?'));
  });

  test.each([
    '?eventsPerSecond=0.5&arrivals=burst&seed=0',
    '?techniques=sse,websocket&eventsPerSecond=20&payloadBytes=1&durationSeconds=300',
    `?techniques=${TECHNIQUES.join(',')}&seed=1`,
    '?techniques=http10,keep-alive,polling,long-poll,iframe-stream,xhr-stream,sse,fetch-stream&seed=1',
    '?rttMs=600&jitterMs=30&kilobitsPerSecond=5000&cutEverySeconds=10&uplinkPerSecond=0.5&subscribers=200&seed=2',
    '?faults=cut@10,stall@20:2.5,stall@20::sse,refuse@30:5:sse.long-poll&seed=3',
    '?pollIntervalMs=50&longPollTimeoutMs=60000&arrivals=poisson&seed=4294967295',
  ])('%s comes back the same', (query) => {
    const settings = read(query);
    expect(read(queryFromSettings(settings))).toEqual(settings);
  });

  test('the order of techniques does not make another link', () => {
    const settings = read('?techniques=websocket,sse');
    expect(queryFromSettings(settings)).toBe(queryFromSettings(read('?techniques=sse,websocket')));
    expect(queryFromSettings(settings)).toContain('techniques=sse,websocket&');
  });

  test('a condition that is off does not stand in the link', () => {
    expect(queryFromSettings(read('?rttMs=0&seed=0'))).not.toMatch(/rttMs|uplink|faults/);
    expect(queryFromSettings(read('?seed=0'))).toContain('seed=0');
  });

  test('planned faults stand in the link as they are written', () => {
    const text = 'cut@10,stall@20:2.5,stall@20::sse,refuse@30:5:sse.long-poll';
    expect(read(`?faults=${text}`).faults).toEqual([
      { fault: 'cut', atEvent: 10 },
      { fault: 'stall', atEvent: 20, seconds: 2.5 },
      { fault: 'stall', atEvent: 20, techniques: ['sse'] },
      { fault: 'refuse', atEvent: 30, seconds: 5, techniques: ['sse', 'long-poll'] },
    ]);
    expect(textFromFaults(read(`?faults=${text}`).faults)).toBe(text);
  });

  test('what does not belong to a run is left alone', () => {
    expect(read('?utm_source=x&seed=5').seed).toBe(5);
  });
});

describe('wrong input', () => {
  test('the fault carries the text as it was written', () => {
    expect(faults('?eventsPerSecond=lots')[0]).toMatchObject({ field: 'eventsPerSecond', got: 'lots' });
    expect(faults('?payloadBytes=')[0]).toMatchObject({ field: 'payloadBytes', got: '' });
    expect(faults('?techniques=')[0]).toMatchObject({ field: 'techniques' });
    expect(faults('?techniques=sse,carrier-pigeon')).toHaveLength(1);
    expect(faults('?faults=cut')).toMatchObject([{ field: 'faults[0]', got: 'cut' }, { field: 'faults[0].atEvent' }]);
    expect(faults('?techniques=sse&faults=cut@1::polling')).toMatchObject([{ field: 'faults[0].techniques' }]);
  });

  test('an empty seed is no fault: the server draws one', () => {
    expect(read('?seed=')).not.toHaveProperty('seed');
  });

  test.each([
    ['?payloadBytes=0', 'whole'],
    ['?payloadBytes=2.5', 'whole'],
    ['?payloadBytes=', 'whole'],
    ['?eventsPerSecond=0', 'number'],
    ['?eventsPerSecond=100&payloadBytes=16384', 'feed'],
    ['?arrivals=late', 'arrivals'],
    ['?techniques=', 'techniques'],
  ])('%s is explained as %s', (query, kind) => {
    const [fault] = faults(query);
    expect(fault && kindOfFault(fault)).toBe(kind);
  });

  test("what only the server knows is explained in the server's words", () => {
    expect(kindOfFault({ field: 'speed', got: 1, takes: 'no such setting' })).toBe('other');
    expect(kindOfFault({ field: 'durationSeconds', got: 600, takes: 'at most 300 here' })).toBe('other');
  });
});
