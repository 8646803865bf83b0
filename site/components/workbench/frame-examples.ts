/** Frames to begin with; most are those of RFC 6455 5.7. */
import type { Sender } from './frame-codec.ts';

export const FRAME_EXAMPLES: Readonly<Record<string, { from: Sender; hex: string }>> = {
  masked: { from: 'client', hex: '81 85 37 fa 21 3d 7f 9f 4d 51 58' },
  text: { from: 'server', hex: '81 05 48 65 6c 6c 6f' },
  fragments: { from: 'server', hex: '01 03 48 65 6c 80 02 6c 6f' },
  ping: { from: 'server', hex: '89 05 48 65 6c 6c 6f' },
  pong: { from: 'client', hex: '8a 85 37 fa 21 3d 7f 9f 4d 51 58' },
  close: { from: 'server', hex: '88 06 03 e8 6f 76 65 72' },
  unmasked: { from: 'client', hex: '81 05 48 65 6c 6c 6f' },
  reserved: { from: 'server', hex: '83 05 48 65 6c 6c 6f' },
  control: { from: 'server', hex: '09 03 48 65 6c 80 02 6c 6f' },
};
