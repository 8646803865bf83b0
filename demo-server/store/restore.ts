/** `npm run restore`: puts a copy of all classes back in place of what the folder holds, which is kept beside it. */
import { command } from './command.ts';
import { restore } from './from-copy.ts';

const HELP = `Pushlab: puts a copy of all classes, made by npm run backup, in the place of what a folder keeps.

  npm run restore -- --data-dir <folder> --from <file>

  --data-dir <folder>  the server's folder (default data); the server has to be stopped
  --from <file>        the copy; it is only read
  --help               this text

What the folder held before stays in it under another name, which is printed.
`;

await command(HELP, 'from', restore);
