/** Records of TLS to the ports that speak it, by a client that has never learnt it. */
import type { Conversation } from './conversation.ts';
import type { Dice } from './dice.ts';
import { cut, leaving, mutate } from './http.ts';

const HANDSHAKE = 22;

const sized = (bytes: number, content: Buffer): Buffer => {
  const size = Buffer.alloc(bytes);
  size.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([size, content]);
};

const record = (type: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([type, 3, 1]), sized(2, content)]);

const extension = (type: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([0, type]), sized(2, content)]);

/** A ClientHello that a server takes: TLS 1.3 or 1.2, with a name, groups, a key of 32 random bytes and a protocol. */
function clientHello(dice: Dice): Buffer {
  const name = Buffer.from(dice.once(3) ? dice.word() : 'localhost');
  const extensions = [
    extension(0, sized(2, Buffer.concat([Buffer.from([0]), sized(2, name)]))),
    extension(10, sized(2, Buffer.from([0, 0x1d, 0, 0x17]))),
    extension(13, sized(2, Buffer.from([4, 3, 8, 4, 4, 1, 8, 7]))),
    extension(16, sized(2, sized(1, Buffer.from(dice.pick(['h2', 'http/1.1', 'x']))))),
    extension(
      43,
      sized(
        1,
        Buffer.from(
          dice.pick([
            [3, 4],
            [3, 3],
            [3, 1],
            [3, 4, 3, 3],
          ]),
        ),
      ),
    ),
    extension(51, sized(2, Buffer.concat([Buffer.from([0, 0x1d]), sized(2, dice.bytes(32))]))),
  ];
  const hello = Buffer.concat([
    Buffer.from([3, 3]),
    dice.bytes(32),
    sized(1, dice.bytes(dice.pick([0, 32]))),
    sized(2, Buffer.from([0x13, 1, 0x13, 2, 0xc0, 0x2b, 0xc0, 0x2f])),
    sized(1, Buffer.from([0])),
    sized(2, Buffer.concat(extensions.filter(() => !dice.once(12)))),
  ]);
  return record(HANDSHAKE, Buffer.concat([Buffer.from([1]), sized(3, hello)]));
}

/** A conversation in records: a hello, right or spoiled, and what does not belong behind it. */
export function tlsConversation(dice: Dice): Conversation {
  const hello = clientHello(dice);
  const opening = dice.pick<() => Buffer>([
    () => hello,
    () => hello,
    () => mutate(dice, hello),
    () => hello.subarray(0, dice.below(hello.length)),
    () => record(HANDSHAKE, dice.bytes(dice.below(300))),
    () => Buffer.concat([Buffer.from([HANDSHAKE, 3, 1, 0xff, 0xff]), dice.bytes(dice.below(300))]),
  ])();
  const after = Array.from({ length: dice.below(4) }, () =>
    record(dice.pick([20, 21, 22, 23, 24, dice.below(256)]), dice.bytes(dice.below(120))),
  );
  return {
    door: dice.pick(['secure-plain', 'h2-plain'] as const),
    kind: 'TLS records',
    pieces: cut(dice, Buffer.concat([opening, ...after])),
    leave: leaving(dice),
  };
}
