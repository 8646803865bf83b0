/** The playground's drawing: made by hand, sent as one byte for each point, and drawn again from what came back. */
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';

const SIDE = 128;
const PEN = 5;
/** Values of bufferedAmount that are told at the most. */
const MOST_STEPS = 6;

interface Drawing {
  part<T extends HTMLElement = HTMLElement>(name: string): T;
  words: Words;
  format: Format;
  signal: AbortSignal;
  /** Sends the bytes so often; returns the socket that took them, undefined where none did. */
  send(bytes: Uint8Array<ArrayBuffer>, times: number): WebSocket | undefined;
  /** Called whenever bufferedAmount may have changed. */
  buffered(): void;
}

/** Connects canvases, buttons and the meter; returns what takes a message that came back. */
export function connectDrawing({ part, words, format, signal, send, buffered }: Drawing) {
  const contextOf = (name: string): CanvasRenderingContext2D => {
    const context = part<HTMLCanvasElement>(name).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('this browser draws on no canvas');
    context.lineWidth = PEN;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    return context;
  };
  const [own, back] = [contextOf('canvas'), contextOf('back')];
  const canvas = own.canvas;
  const meter = part<HTMLProgressElement>('meter');
  let expected = 0;
  let arrived = 0;
  let fell = '';

  const tell = (): void => {
    const came = expected > 0 ? say(words, 'ws.draw.cameBack', { count: arrived, all: expected }) : '';
    part('drawn').textContent = `${fell} ${came}`.trim();
  };

  /** One byte for each point: how much ink there is. */
  function bytesOf(): Uint8Array<ArrayBuffer> {
    const { data } = own.getImageData(0, 0, SIDE, SIDE);
    return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[i * 4 + 3] as number);
  }

  /** Looks at bufferedAmount once in each turn of the event loop, as it cannot change within one, until all has left. */
  function watch(socket: WebSocket): void {
    const peak = socket.bufferedAmount;
    const begun = performance.now();
    const steps: number[] = [];
    meter.max = Math.max(1, peak);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const now = socket.bufferedAmount;
      if (now !== (steps.at(-1) ?? peak)) steps.push(now);
      meter.value = now;
      buffered();
      if (now > 0 && socket.readyState <= WebSocket.CLOSING && !signal.aborted) return port2.postMessage(0);
      port1.close();
      const shown = steps.length > MOST_STEPS ? [...steps.slice(0, MOST_STEPS - 1), steps.at(-1) ?? 0] : steps;
      fell = say(words, 'ws.draw.result', {
        peak: format.exactBytes(peak),
        time: format.ms(performance.now() - begun),
        steps: shown.map((value) => format.count(value)).join(steps.length > MOST_STEPS ? ' … ' : ', '),
      });
      tell();
    };
    meter.value = peak;
    port2.postMessage(0);
  }

  function pointOf(event: PointerEvent): [number, number] {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }
  canvas.addEventListener(
    'pointerdown',
    (event) => {
      canvas.setPointerCapture(event.pointerId);
      own.beginPath();
      own.moveTo(...pointOf(event));
      own.lineTo(...pointOf(event));
      own.stroke();
    },
    { signal },
  );
  canvas.addEventListener(
    'pointermove',
    (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      own.lineTo(...pointOf(event));
      own.stroke();
    },
    { signal },
  );

  /** A wave with a sun, for those who do not draw with a pointer: another one each time. */
  function make(): void {
    own.clearRect(0, 0, SIDE, SIDE);
    const [height, waves, shift] = [15 + Math.random() * 25, 1 + Math.random() * 3, Math.random() * 6];
    own.beginPath();
    for (let x = 6; x <= SIDE - 6; x += 2)
      own.lineTo(x, 84 + (height / 2) * Math.sin((x / SIDE) * waves * 2 * Math.PI + shift));
    own.stroke();
    own.beginPath();
    own.arc(20 + Math.random() * 88, 32, 14, 0, 7);
    own.stroke();
  }
  part('make').addEventListener('click', make, { signal });
  part('clear').addEventListener('click', () => own.clearRect(0, 0, SIDE, SIDE), { signal });
  part('send-drawing').addEventListener(
    'click',
    () => {
      const times = Number(part<HTMLSelectElement>('times').value);
      back.clearRect(0, 0, SIDE, SIDE);
      const socket = send(bytesOf(), times);
      if (!socket) return;
      [expected, arrived, fell] = [times, 0, ''];
      watch(socket);
    },
    { signal },
  );
  make();

  return {
    async cameBack(data: Blob | ArrayBuffer): Promise<void> {
      const bytes = new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data);
      if (bytes.length !== SIDE * SIDE) return;
      const image = back.createImageData(SIDE, SIDE);
      bytes.forEach((ink, i) => {
        image.data[i * 4 + 3] = ink;
      });
      back.putImageData(image, 0, 0);
      arrived += 1;
      tell();
    },
  };
}
