/**
 * Notices when the process is at its limit of open files: then the system closes each new connection before Node knows of it,
 * and nobody is told. What is open goes on.
 */
import { close, open } from 'node:fs';
import { devNull } from 'node:os';

/** How often it is tried whether one more file can be opened (ms). */
const EVERY_MS = 2000;
/** Of the process, and of the whole system. */
const AT_THE_LIMIT = ['EMFILE', 'ENFILE'];

export interface OpenFilesWatch {
  /** How many times the limit was reached, each from then until there was room again. */
  readonly reached: number;
  close(): void;
}

/** Watches it; `first` is called when the limit is reached for the first time. Whoever starts it closes it. */
export function watchOpenFiles(first: () => void, everyMs = EVERY_MS): OpenFilesWatch {
  let reached = 0;
  let full = false;
  const timer = setInterval(() => {
    open(devNull, (error, file) => {
      if (!error) close(file);
      const now = error !== null && AT_THE_LIMIT.includes(error.code ?? '');
      if (now === full) return;
      full = now;
      if (full) reached += 1;
      if (full && reached === 1) first();
    });
  }, everyMs);
  timer.unref();
  return {
    get reached() {
      return reached;
    },
    close: () => clearInterval(timer),
  };
}

/** The sentence for the log. */
export function openFilesFault(): string {
  const limit = openFilesLimit();
  return `the limit of open files is reached${limit ? ` (${limit})` : ''}: what is open goes on, but new connections are closed at once. A browser holds up to six, and one for each WebSocket. Raise the limit (ulimit -n, LimitNOFILE of systemd, --ulimit nofile of Docker), then start again.`;
}

/** The process's limit as the system has it; undefined where that is not known, as on Windows. */
function openFilesLimit(): string | undefined {
  try {
    // Else it would ask for the name of every address that is connected.
    Object.assign(process.report, { excludeNetwork: true });
    const { userLimits } = process.report.getReport() as unknown as {
      userLimits?: { open_files?: { soft: string | number } };
    };
    const soft = userLimits?.open_files?.soft;
    return soft === undefined ? undefined : String(soft);
  } catch {
    return undefined;
  }
}
