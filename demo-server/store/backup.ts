/** `npm run backup`: a copy of all classes, also while a server writes to them. */
import { command } from './command.ts';
import { backup } from './to-copy.ts';

const HELP = `Pushlab: copies all classes that a folder keeps into one file, also while a server uses the folder.

  npm run backup -- --data-dir <folder> --to <file>

  --data-dir <folder>  the server's folder (default data)
  --to <file>          a file that is not there yet; only its owner can read it, as it holds nicknames and results
  --help               this text

Restore it with npm run restore -- --data-dir <folder> --from <file>.
`;

await command(HELP, 'to', backup);
