/** Raw conversations, and what the meter has to tell of each. The order of the steps is the order on the wire. */
import type { Direction } from '../../demo-server/wire/sink.ts';

/** What passes, in this order; text is latin1, one character a byte. */
export type Step = [direction: Direction, text: string];
/** What the meter told: neighbouring bytes of the same direction, exchange and class are one entry. */
export type Entry = [what: string, text: string];
export interface Scenario {
  name: string;
  steps: Step[];
  wanted: Entry[];
}

export const toBytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
export const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

export const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
export const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n';
export const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
export const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const POST_CHUNKED = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
const POST_UPGRADE = 'POST /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nContent-Length: 4\r\n\r\n';
const REFUSED = 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n';

const got = (exchange = 1): Entry[] => [
  [`up ${exchange} head`, GET],
  [`request ${exchange}`, 'GET /a 1.1'],
];
const answered = (exchange = 1, body = 'hello'): Entry[] => [
  [`down ${exchange} head`, OK],
  [`response ${exchange}`, '200 1.1'],
  [`down ${exchange} body`, body],
  [`bodyEnd down ${exchange}`, ''],
  [`done ${exchange}`, ''],
];
const upgraded: Entry[] = [
  ['up 1 head', UPGRADE],
  ['request 1', 'GET /ws 1.1'],
  ['down 1 head', SWITCH],
  ['response 1', '101 1.1'],
];

interface Frame {
  header: string;
  payload: string;
  wire: string;
  event: string;
}

/** A WebSocket frame (RFC 6455 section 5.2), masked towards the server. */
function frame(direction: Direction, opcode: number, text: string, fin = true): Frame {
  const masked = direction === 'up';
  const length = text.length;
  const short = length < 126 ? length : length < 65536 ? 126 : 127;
  const header = [(fin ? 0x80 : 0) | opcode, (masked ? 0x80 : 0) | short];
  if (short === 126) header.push(length >> 8, length & 255);
  if (short === 127) header.push(0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255);
  const mask = [0x37, 0xfa, 0x21, 0x3d];
  if (masked) header.push(...mask);
  const payload = masked ? toText(toBytes(text).map((byte, i) => byte ^ (mask[i % 4] ?? 0))) : text;
  const head = toText(Uint8Array.from(header));
  return { header: head, payload, wire: head + payload, event: `${opcode} ${fin} ${masked} ${length}` };
}

/** What a whole data message of one frame tells. */
function told(direction: Direction, { header, payload, event }: Frame): Entry[] {
  const entries: Entry[] = [
    [`${direction} 1 framing`, header],
    [`frame ${direction} 1`, event],
  ];
  if (payload !== '') entries.push([`${direction} 1 body`, payload]);
  entries.push([`bodyEnd ${direction} 1`, '']);
  return entries;
}

const lengths = [0, 1, 125, 126, 65535, 65536];
const upFrames = lengths.map((length) => frame('up', 1, 'u'.repeat(length)));
const downFrames = lengths.map((length) => frame('down', 1, 'd'.repeat(length)));
const eager = frame('up', 1, 'eager');
const hello = frame('down', 1, 'hello');
const fragments = [frame('down', 1, 'one ', false), frame('down', 9, 'ping'), frame('down', 0, 'two')] as const;
const upPing = frame('up', 9, 'are you there');
const pong = frame('down', 10, 'are you there');
const close = { up: frame('up', 8, '\x03\xe8'), down: frame('down', 8, '\x03\xe8bye') };
const longHead = `GET /${'a'.repeat(70000)}`;

export const scenarios: Scenario[] = [
  {
    name: 'a GET',
    steps: [
      ['up', GET],
      ['down', `${OK}hello`],
    ],
    wanted: [...got(), ...answered()],
  },
  {
    name: 'two GETs on one connection',
    steps: [
      ['up', GET],
      ['down', `${OK}hello`],
      ['up', GET],
      ['down', OK],
      ['down', 'again'],
    ],
    wanted: [...got(), ...answered(), ...got(2), ...answered(2, 'again')],
  },
  {
    name: 'three pipelined GETs',
    steps: [
      ['up', GET + GET + GET],
      ['down', `${OK}11111${OK}22222${OK}33333`],
    ],
    wanted: [...got(), ...got(2), ...got(3), ...answered(1, '11111'), ...answered(2, '22222'), ...answered(3, '33333')],
  },
  {
    name: 'pipelined: the second request comes within the first answer',
    steps: [
      ['up', GET],
      ['down', `${OK}he`],
      ['up', GET],
      ['down', `llo${OK}world`],
    ],
    wanted: [
      ...got(),
      ['down 1 head', OK],
      ['response 1', '200 1.1'],
      ['down 1 body', 'he'],
      ...got(2),
      ['down 1 body', 'llo'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
      ...answered(2, 'world'),
    ],
  },
  {
    name: 'pipelined HEAD and GET: only the first answer has no body',
    steps: [
      ['up', `HEAD /a HTTP/1.1\r\n\r\n${GET}`],
      ['down', `${OK}${OK}hello`],
    ],
    wanted: [
      ['up 1 head', 'HEAD /a HTTP/1.1\r\n\r\n'],
      ['request 1', 'HEAD /a 1.1'],
      ...got(2),
      ['down 1 head', OK],
      ['response 1', '200 1.1'],
      ['done 1', ''],
      ...answered(2),
    ],
  },
  {
    name: 'a POST with Content-Length',
    steps: [
      ['up', 'POST /runs HTTP/1.1\r\ncontent-length: 7\r\n\r\n{"a":1}'],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ['up 1 head', 'POST /runs HTTP/1.1\r\ncontent-length: 7\r\n\r\n'],
      ['request 1', 'POST /runs 1.1'],
      ['up 1 body', '{"a":1}'],
      ['bodyEnd up 1', ''],
      ...answered(),
    ],
  },
  {
    name: 'a POST in chunks with extensions and trailers, which win over Content-Length',
    steps: [
      ['up', 'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n'],
      ['up', '4;name="v"\r\nwiki\r\n00A ;x\r\n0123456789\r\n'],
      ['up', '0;last\r\nDigest: 1\r\nX: 2\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['down', `${OK}11111${OK}22222`],
    ],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['up 1 framing', '4;name="v"\r\n'],
      ['up 1 body', 'wiki'],
      ['up 1 framing', '\r\n00A ;x\r\n'],
      ['up 1 body', '0123456789'],
      ['up 1 framing', '\r\n0;last\r\nDigest: 1\r\nX: 2\r\n\r\n'],
      ['bodyEnd up 1', ''],
      ...got(2),
      ...answered(1, '11111'),
      ...answered(2, '22222'),
    ],
  },
  {
    name: 'an answer in chunks with trailers',
    steps: [
      ['up', GET],
      ['down', CHUNKED],
      ['down', '5\r\nhello\r\n'],
      ['down', '1F\r\n0123456789012345678901234567890\r\n0\r\nServer-Timing: x\r\n\r\n'],
    ],
    wanted: [
      ...got(),
      ['down 1 head', CHUNKED],
      ['response 1', '200 1.1'],
      ['down 1 framing', '5\r\n'],
      ['down 1 body', 'hello'],
      ['down 1 framing', '\r\n1F\r\n'],
      ['down 1 body', '0123456789012345678901234567890'],
      ['down 1 framing', '\r\n0\r\nServer-Timing: x\r\n\r\n'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'an answer of chunks with nothing in it, then the next',
    steps: [
      ['up', GET],
      ['down', `${CHUNKED}0\r\n\r\n`],
      ['up', GET],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ...got(),
      ['down 1 head', CHUNKED],
      ['response 1', '200 1.1'],
      ['down 1 framing', '0\r\n\r\n'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
      ...got(2),
      ...answered(2),
    ],
  },
  {
    name: '100-continue',
    steps: [
      ['up', 'POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'],
      ['down', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['up', 'body'],
      ['down', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}hello`],
    ],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['down 1 head', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['up 1 body', 'body'],
      ['bodyEnd up 1', ''],
      ['down 1 head', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`],
      ['response 1', '200 1.1'],
      ['down 1 body', 'hello'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
    ],
  },
  ...['204 No Content', '304 Not Modified'].map((status): Scenario => {
    const head = `HTTP/1.1 ${status}\r\nContent-Length: 9\r\n\r\n`;
    return {
      name: `a ${status} has no body, whatever Content-Length says`,
      steps: [
        ['up', GET],
        ['down', head],
        ['up', GET],
        ['down', `${OK}hello`],
      ],
      wanted: [
        ...got(),
        ['down 1 head', head],
        ['response 1', `${status.slice(0, 3)} 1.1`],
        ['done 1', ''],
        ...got(2),
        ...answered(2),
      ],
    };
  }),
  {
    name: 'a 400 to garbage',
    steps: [
      ['up', 'G@RBAGE \x16\x03\x01\r\n\r\nmore'],
      ['down', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ],
    wanted: [
      ['up 1 head', 'G@RBAGE \x16\x03\x01\r\n\r\n'],
      ['fault up', '"G@RBAGE \x16\x03\x01", expected a start line of HTTP/1.x'],
      ['up 1 unparsed', 'more'],
      ['down 1 head', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
      ['response 1', '400 1.1'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'a 400 to half a head of garbage, behind a good exchange',
    steps: [
      ['up', GET],
      ['down', `${OK}hello`],
      ['up', '\x16\x03\x01'],
      ['down', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
    ],
    wanted: [
      ...got(),
      ...answered(),
      ['down 2 head', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
      ['response 2', '400 1.1'],
      ['up 2 head', '\x16\x03\x01'],
      ['done 2', ''],
    ],
  },
  {
    name: 'a 408 to an idle connection, then a request after all',
    steps: [
      ['down', 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'],
      ['up', GET],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ['down 1 head', 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'],
      ['response 1', '408 1.1'],
      ['done 1', ''],
      ...got(2),
      ...answered(2),
    ],
  },
  {
    name: 'a 408 to half a head',
    steps: [
      ['up', 'GET /a HTTP/1.1\r\nHos'],
      ['down', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'],
    ],
    wanted: [
      ['down 1 head', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'],
      ['response 1', '408 1.1'],
      ['up 1 head', 'GET /a HTTP/1.1\r\nHos'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'abort in the request head',
    steps: [['up', 'GET /a HTTP/1.1\r\nHost: x\r\n']],
    wanted: [
      ['up 1 head', 'GET /a HTTP/1.1\r\nHost: x\r\n'],
      ['done 1', ''],
    ],
  },
  {
    name: 'abort in the answer head',
    steps: [
      ['up', GET],
      ['down', 'HTTP/1.1 200 OK\r\nConte'],
    ],
    wanted: [...got(), ['down 1 head', 'HTTP/1.1 200 OK\r\nConte'], ['done 1', '']],
  },
  {
    name: 'abort in a request body',
    steps: [['up', 'PUT / HTTP/1.1\r\nContent-Length: 100\r\n\r\npart']],
    wanted: [
      ['up 1 head', 'PUT / HTTP/1.1\r\nContent-Length: 100\r\n\r\n'],
      ['request 1', 'PUT / 1.1'],
      ['up 1 body', 'part'],
      ['bodyEnd up 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'abort in a chunked answer, another request waiting behind it',
    steps: [
      ['up', GET + GET],
      ['down', `${CHUNKED}A\r\nhello`],
    ],
    wanted: [
      ...got(),
      ...got(2),
      ['down 1 head', CHUNKED],
      ['response 1', '200 1.1'],
      ['down 1 framing', 'A\r\n'],
      ['down 1 body', 'hello'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
      ['done 2', ''],
    ],
  },
  {
    name: 'a hijacked HTTP/1.0 answer that the close ends',
    steps: [
      ['up', GET],
      ['down', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nstate\r\n\r\n'],
      ['down', 'HTTP/1.1 500 not a head'],
    ],
    wanted: [
      ...got(),
      ['down 1 head', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n'],
      ['response 1', '200 1.0'],
      ['down 1 body', 'state\r\n\r\nHTTP/1.1 500 not a head'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'an answer that comes before the end of the request body',
    steps: [
      ['up', 'POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\nhalf'],
      ['down', `${OK}hello`],
      ['up', `rest${GET}`],
      ['down', `${OK}again`],
    ],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['up 1 body', 'half'],
      ...answered().slice(0, -1),
      ['up 1 body', 'rest'],
      ['bodyEnd up 1', ''],
      ['done 1', ''],
      ...got(2),
      ...answered(2, 'again'),
    ],
  },
  {
    name: 'empty lines before a request, bare LF line ends',
    steps: [
      ['up', '\r\n\n\r\nGET /b HTTP/1.0\nHost: x\n\n'],
      ['down', 'HTTP/1.0 200\nContent-Length: 2\n\nok'],
      ['up', '\r\n'],
    ],
    wanted: [
      ['up 1 head', '\r\n\n\r\nGET /b HTTP/1.0\nHost: x\n\n'],
      ['request 1', 'GET /b 1.0'],
      ['down 1 head', 'HTTP/1.0 200\nContent-Length: 2\n\n'],
      ['response 1', '200 1.0'],
      ['down 1 body', 'ok'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
      ['up 2 head', '\r\n'],
      ['done 2', ''],
    ],
  },
  {
    name: 'a request whose Content-Lengths differ',
    steps: [['up', 'POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody']],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['fault up', 'Transfer-Encoding or Content-Length does not say where the body ends'],
      ['up 1 unparsed', 'body'],
      ['done 1', ''],
    ],
  },
  {
    name: 'a request whose Content-Lengths agree',
    steps: [
      ['up', `POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\nbody${GET}`],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['up 1 body', 'body'],
      ['bodyEnd up 1', ''],
      ...got(2),
      ...answered(),
      ['done 2', ''],
    ],
  },
  {
    name: 'a chunk size that is none',
    steps: [
      ['up', GET],
      ['down', `${CHUNKED}5\r\nhello\r\nxyz\r\n`],
      ['down', 'more'],
    ],
    wanted: [
      ...got(),
      ['down 1 head', CHUNKED],
      ['response 1', '200 1.1'],
      ['down 1 framing', '5\r\n'],
      ['down 1 body', 'hello'],
      ['down 1 framing', '\r\n'],
      ['bodyEnd down 1', ''],
      ['fault down', 'byte 120 in a chunk size, expected hexadecimal digits, then ";" or CRLF'],
      ['down 1 unparsed', 'xyz\r\nmore'],
      ['done 1', ''],
    ],
  },
  {
    name: 'chunk data that is longer than its size',
    steps: [
      ['up', GET],
      ['down', `${CHUNKED}3\r\nhello\r\n`],
    ],
    wanted: [
      ...got(),
      ['down 1 head', CHUNKED],
      ['response 1', '200 1.1'],
      ['down 1 framing', '3\r\n'],
      ['down 1 body', 'hel'],
      ['bodyEnd down 1', ''],
      ['fault down', 'byte 108 after chunk data, expected CRLF'],
      ['down 1 unparsed', 'lo\r\n'],
      ['done 1', ''],
    ],
  },
  {
    name: 'HTTP/2 with prior knowledge',
    steps: [['up', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']],
    wanted: [
      ['up 1 head', 'PRI * HTTP/2.0\r\n\r\n'],
      ['fault up', '"PRI * HTTP/2.0", expected a start line of HTTP/1.x'],
      ['up 1 unparsed', 'SM\r\n\r\n'],
      ['done 1', ''],
    ],
  },
  {
    name: 'a request whose Transfer-Encoding does not end in chunked',
    steps: [['up', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\nbody']],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['fault up', 'Transfer-Encoding or Content-Length does not say where the body ends'],
      ['up 1 unparsed', 'body'],
      ['done 1', ''],
    ],
  },
  {
    name: 'a chunk without a size, and one above 2^53',
    steps: [
      ['up', GET + POST_CHUNKED],
      ['down', `${CHUNKED}1\r\nx\r\n;y`],
      ['up', '20000000000000;'],
    ],
    wanted: [
      ...got(),
      ['up 2 head', POST_CHUNKED],
      ['request 2', 'POST / 1.1'],
      ['down 1 head', CHUNKED],
      ['response 1', '200 1.1'],
      ['down 1 framing', '1\r\n'],
      ['down 1 body', 'x'],
      ['down 1 framing', '\r\n'],
      ['bodyEnd down 1', ''],
      ['fault down', 'byte 59 in a chunk size, expected hexadecimal digits, then ";" or CRLF'],
      ['down 1 unparsed', ';y'],
      ['up 2 framing', '2000000000000'],
      ['bodyEnd up 2', ''],
      ['fault up', 'a chunk size above 2^53'],
      ['up 2 unparsed', '0;'],
      ['done 1', ''],
      ['done 2', ''],
    ],
  },
  {
    name: 'an answer too many, before the end of the request body',
    steps: [
      ['up', 'POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\nhalf'],
      ['down', `${OK}hello${OK}stray`],
      ['up', `rest${GET}`],
      ['down', `${OK}again`],
    ],
    wanted: [
      ['up 1 head', 'POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n'],
      ['request 1', 'POST / 1.1'],
      ['up 1 body', 'half'],
      ...answered().slice(0, -1),
      ...answered(2, 'stray').slice(0, -1),
      ['up 1 body', 'rest'],
      ['bodyEnd up 1', ''],
      ['done 1', ''],
      ['done 2', ''],
      ...got(3),
      ...answered(3, 'again'),
    ],
  },
  {
    name: 'a CONNECT tunnel',
    steps: [
      ['up', 'CONNECT a:1 HTTP/1.1\r\n\r\nearly'],
      ['down', 'HTTP/1.1 200 OK\r\n\r\ntunnel'],
      ['up', 'late'],
    ],
    wanted: [
      ['up 1 head', 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
      ['request 1', 'CONNECT a:1 1.1'],
      ['down 1 head', 'HTTP/1.1 200 OK\r\n\r\n'],
      ['response 1', '200 1.1'],
      ['fault up', 'a CONNECT tunnel'],
      ['up 1 unparsed', 'early'],
      ['fault down', 'a CONNECT tunnel'],
      ['down 1 unparsed', 'tunnel'],
      ['up 1 unparsed', 'late'],
      ['done 1', ''],
    ],
  },
  {
    name: 'a refused CONNECT',
    steps: [
      ['up', `CONNECT a:1 HTTP/1.1\r\n\r\n${GET}`],
      ['down', `HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n${OK}hello`],
    ],
    wanted: [
      ['up 1 head', 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
      ['request 1', 'CONNECT a:1 1.1'],
      ['down 1 head', 'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n'],
      ['response 1', '405 1.1'],
      ['done 1', ''],
      ...got(2),
      ...answered(2),
    ],
  },
  {
    name: 'a head above 64 KiB',
    steps: [
      ['up', longHead],
      ['up', ' HTTP/1.1\r\n\r\n'],
    ],
    wanted: [
      ['up 1 head', longHead.slice(0, 65536)],
      ['fault up', 'a head above 65536 bytes'],
      ['up 1 unparsed', `${longHead.slice(65536)} HTTP/1.1\r\n\r\n`],
      ['done 1', ''],
    ],
  },
  {
    name: 'a head of just 64 KiB',
    steps: [['up', `GET /${'b'.repeat(65518)} HTTP/1.1\n\nGET`]],
    wanted: [
      ['up 1 head', `GET /${'b'.repeat(65518)} HTTP/1.1\n\n`.slice(0, 65536)],
      ['request 1', `GET /${'b'.repeat(65518)} 1.1`],
      ['up 2 head', 'GET'],
      ['done 1', ''],
      ['done 2', ''],
    ],
  },
  ...[upFrames, downFrames].map((frames, i): Scenario => {
    const direction = i === 0 ? 'up' : 'down';
    return {
      name: `WebSocket text frames of 0 to 65536 bytes ${direction}`,
      steps: [
        ['up', UPGRADE],
        ['down', SWITCH],
        [direction, frames.map(({ wire }) => wire).join('')],
      ],
      wanted: [...upgraded, ...frames.flatMap((of) => told(direction, of)), ['done 1', '']],
    };
  }),
  {
    name: 'WebSocket frames both ways, the first in one piece with the 101',
    steps: [
      ['up', UPGRADE],
      ['down', SWITCH + hello.wire],
      ['up', eager.wire],
      ['down', hello.wire + hello.wire],
    ],
    wanted: [
      ...upgraded,
      ...told('down', hello),
      ...told('up', eager),
      ...told('down', hello),
      ...told('down', hello),
      ['done 1', ''],
    ],
  },
  {
    name: 'a WebSocket message in fragments with a ping between them',
    steps: [
      ['up', UPGRADE],
      ['down', SWITCH],
      ['down', fragments.map(({ wire }) => wire).join('')],
    ],
    wanted: [
      ...upgraded,
      ['down 1 framing', fragments[0].header],
      ['frame down 1', '1 false false 4'],
      ['down 1 body', 'one '],
      ['down 1 framing', fragments[1].header],
      ['frame down 1', '9 true false 4'],
      ['down 1 framing', `ping${fragments[2].header}`],
      ['frame down 1', '0 true false 3'],
      ['down 1 body', 'two'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'WebSocket ping, pong and close',
    steps: [
      ['up', UPGRADE],
      ['down', SWITCH],
      ['up', upPing.wire],
      ['down', pong.wire],
      ['down', close.down.wire],
      ['up', close.up.wire],
    ],
    wanted: [
      ...upgraded,
      ['up 1 framing', upPing.header],
      ['frame up 1', '9 true true 13'],
      ['up 1 framing', upPing.payload],
      ['down 1 framing', pong.header],
      ['frame down 1', '10 true false 13'],
      ['down 1 framing', `are you there${close.down.header}`],
      ['frame down 1', '8 true false 5'],
      ['down 1 framing', '\x03\xe8bye'],
      ['up 1 framing', close.up.header],
      ['frame up 1', '8 true true 2'],
      ['up 1 framing', close.up.payload],
      ['done 1', ''],
    ],
  },
  {
    name: 'an eager first frame, before the 101',
    steps: [
      ['up', UPGRADE + eager.wire],
      ['up', eager.wire.slice(0, 3)],
      ['down', SWITCH],
      ['up', eager.wire.slice(3)],
    ],
    wanted: [...upgraded, ...told('up', eager), ...told('up', eager), ['done 1', '']],
  },
  {
    name: 'an upgrade behind a pipelined GET, with an eager frame',
    steps: [
      ['up', GET + UPGRADE + eager.wire],
      ['down', `${OK}hello`],
      ['down', SWITCH],
    ],
    wanted: [
      ...got(),
      ['up 2 head', UPGRADE],
      ['request 2', 'GET /ws 1.1'],
      ...answered(),
      ['down 2 head', SWITCH],
      ['response 2', '101 1.1'],
      ['up 2 framing', eager.header],
      ['frame up 2', eager.event],
      ['up 2 body', eager.payload],
      ['bodyEnd up 2', ''],
      ['done 2', ''],
    ],
  },
  {
    name: 'a refused upgrade, then the next request, which had come before the answer',
    steps: [
      ['up', UPGRADE + GET],
      ['down', 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno'],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ['up 1 head', UPGRADE],
      ['request 1', 'GET /ws 1.1'],
      ['down 1 head', 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\n'],
      ['response 1', '426 1.1'],
      ...got(2),
      ['down 1 body', 'no'],
      ['bodyEnd down 1', ''],
      ['done 1', ''],
      ...answered(2),
    ],
  },
  {
    name: 'a refused upgrade, then another that succeeds',
    steps: [
      ['up', UPGRADE],
      ['down', REFUSED],
      ['up', UPGRADE],
      ['down', SWITCH + hello.wire],
    ],
    wanted: [
      ['up 1 head', UPGRADE],
      ['request 1', 'GET /ws 1.1'],
      ['down 1 head', REFUSED],
      ['response 1', '426 1.1'],
      ['done 1', ''],
      ['up 2 head', UPGRADE],
      ['request 2', 'GET /ws 1.1'],
      ['down 2 head', SWITCH],
      ['response 2', '101 1.1'],
      ['down 2 framing', hello.header],
      ['frame down 2', hello.event],
      ['down 2 body', 'hello'],
      ['bodyEnd down 2', ''],
      ['done 2', ''],
    ],
  },
  {
    name: 'an upgrade that is never answered, with an eager frame',
    steps: [
      ['up', UPGRADE],
      ['up', eager.wire],
    ],
    wanted: [
      ['up 1 head', UPGRADE],
      ['request 1', 'GET /ws 1.1'],
      ['fault up', 'the connection ended before the response to the upgrade'],
      ['up 1 unparsed', eager.wire],
      ['done 1', ''],
    ],
  },
  {
    name: 'an upgrade whose answer is garbage',
    steps: [
      ['up', UPGRADE],
      ['up', eager.wire],
      ['down', 'garbage\r\n\r\n'],
      ['up', 'x'],
    ],
    wanted: [
      ['up 1 head', UPGRADE],
      ['request 1', 'GET /ws 1.1'],
      ['down 1 head', 'garbage\r\n\r\n'],
      ['fault down', '"garbage", expected a start line of HTTP/1.x'],
      ['fault up', 'an upgrade whose response cannot be parsed'],
      ['up 1 unparsed', `${eager.wire}x`],
      ['done 1', ''],
    ],
  },
  {
    name: 'an upgrade whose request has a body, answered before the body ends',
    steps: [
      ['up', `${POST_UPGRADE}bo`],
      ['down', SWITCH],
      ['up', `dy${eager.wire}`],
    ],
    wanted: [
      ['up 1 head', POST_UPGRADE],
      ['request 1', 'POST /ws 1.1'],
      ['up 1 body', 'bo'],
      ['down 1 head', SWITCH],
      ['response 1', '101 1.1'],
      ['up 1 body', 'dy'],
      ['bodyEnd up 1', ''],
      ...told('up', eager),
      ['done 1', ''],
    ],
  },
  {
    name: 'an upgrade whose request has a body, refused before the body ends',
    steps: [
      ['up', `${POST_UPGRADE}bo`],
      ['down', REFUSED],
      ['up', `dy${GET}`],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ['up 1 head', POST_UPGRADE],
      ['request 1', 'POST /ws 1.1'],
      ['up 1 body', 'bo'],
      ['down 1 head', REFUSED],
      ['response 1', '426 1.1'],
      ['up 1 body', 'dy'],
      ['bodyEnd up 1', ''],
      ['done 1', ''],
      ...got(2),
      ...answered(2),
    ],
  },
  {
    name: 'a 408 to half the head of an upgrade, whose rest comes all the same',
    steps: [
      ['up', UPGRADE.slice(0, 20)],
      ['down', 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'],
      ['up', UPGRADE.slice(20) + GET],
      ['down', `${OK}hello`],
    ],
    wanted: [
      ['down 1 head', 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'],
      ['response 1', '408 1.1'],
      ['up 1 head', UPGRADE],
      ['request 1', 'GET /ws 1.1'],
      ['done 1', ''],
      ...got(2),
      ...answered(2),
    ],
  },
  {
    name: 'Upgrade without Connection: upgrade asks for nothing',
    steps: [
      ['up', `GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: keep-alive\r\n\r\n${GET}`],
      ['down', `${OK}11111${OK}22222`],
    ],
    wanted: [
      ['up 1 head', 'GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: keep-alive\r\n\r\n'],
      ['request 1', 'GET / 1.1'],
      ...got(2),
      ...answered(1, '11111'),
      ...answered(2, '22222'),
    ],
  },
  {
    name: 'a 101 to the GET before the upgrade',
    steps: [
      ['up', GET + UPGRADE + eager.wire],
      ['down', SWITCH + hello.wire],
    ],
    wanted: [
      ...got(),
      ['up 2 head', UPGRADE],
      ['request 2', 'GET /ws 1.1'],
      ['down 1 head', SWITCH],
      ['response 1', '101 1.1'],
      ['fault up', 'a request still in progress when the 101 response came'],
      ['up 2 unparsed', eager.wire],
      ...told('down', hello),
      ['done 1', ''],
      ['done 2', ''],
    ],
  },
  {
    name: 'an upgrade behind an answer that is garbage',
    steps: [
      ['up', GET],
      ['down', 'garbage\n\n'],
      ['up', `${UPGRADE}x`],
    ],
    wanted: [
      ...got(),
      ['down 1 head', 'garbage\n\n'],
      ['fault down', '"garbage", expected a start line of HTTP/1.x'],
      ['up 2 head', UPGRADE],
      ['request 2', 'GET /ws 1.1'],
      ['fault up', 'an upgrade whose response cannot be parsed'],
      ['up 2 unparsed', 'x'],
      ['done 1', ''],
      ['done 2', ''],
    ],
  },
  {
    name: 'the end in the middle of frames',
    steps: [
      ['up', UPGRADE],
      ['down', SWITCH],
      ['up', eager.wire.slice(0, 8)],
      ['down', downFrames[3]?.wire.slice(0, 3) ?? ''],
    ],
    wanted: [
      ...upgraded,
      ['up 1 framing', eager.header],
      ['frame up 1', eager.event],
      ['up 1 body', eager.payload.slice(0, 2)],
      ['down 1 framing', downFrames[3]?.header.slice(0, 3) ?? ''],
      ['bodyEnd up 1', ''],
      ['done 1', ''],
    ],
  },
  {
    name: 'garbage in place of frames',
    steps: [
      ['up', UPGRADE],
      ['down', SWITCH],
      ['up', `${eager.wire}\x83\x00?`],
      ['down', '\x09\x00'],
      ['down', hello.wire],
    ],
    wanted: [
      ...upgraded,
      ...told('up', eager),
      ['fault up', 'a frame with the reserved opcode 3'],
      ['up 1 unparsed', '\x83\x00?'],
      ['fault down', 'a fragmented control frame'],
      ['down 1 unparsed', `\x09\x00${hello.wire}`],
      ['done 1', ''],
    ],
  },
  {
    name: 'frames of impossible length',
    steps: [
      ['up', UPGRADE],
      ['down', SWITCH],
      ['up', '\x89\xfe\x00\x80'],
      ['down', `\x82\x7f${'\xff'.repeat(8)}`],
    ],
    wanted: [
      ...upgraded,
      ['up 1 framing', '\x89'],
      ['fault up', 'a control frame above 125 bytes'],
      ['up 1 unparsed', '\xfe\x00\x80'],
      ['down 1 framing', '\x82\x7f\xff\xff\xff\xff\xff\xff'],
      ['fault down', 'a frame above 2^53 bytes'],
      ['down 1 unparsed', '\xff\xff'],
      ['done 1', ''],
    ],
  },
  {
    name: 'an upgrade to something unknown',
    steps: [
      ['up', `${UPGRADE}?`],
      ['down', 'HTTP/1.1 101 OK\r\nUpgrade: chat/2\r\n\r\nhi'],
      ['up', '!'],
    ],
    wanted: [
      ['up 1 head', UPGRADE],
      ['request 1', 'GET /ws 1.1'],
      ['down 1 head', 'HTTP/1.1 101 OK\r\nUpgrade: chat/2\r\n\r\n'],
      ['response 1', '101 1.1'],
      ['fault up', 'an upgrade to "chat/2", expected websocket'],
      ['up 1 unparsed', '?'],
      ['fault down', 'an upgrade to "chat/2", expected websocket'],
      ['down 1 unparsed', 'hi'],
      ['up 1 unparsed', '!'],
      ['done 1', ''],
    ],
  },
  {
    name: 'a 101 in the middle of the next request',
    steps: [
      ['up', `${GET}GET /b HT`],
      ['down', SWITCH],
      ['up', 'TP/1.1\r\n\r\n'],
    ],
    wanted: [
      ...got(),
      ['down 1 head', SWITCH],
      ['response 1', '101 1.1'],
      ['up 2 head', 'GET /b HT'],
      ['fault up', 'a request still in progress when the 101 response came'],
      ['up 2 unparsed', 'TP/1.1\r\n\r\n'],
      ['done 1', ''],
      ['done 2', ''],
    ],
  },
];
