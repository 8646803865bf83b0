/** Everything that makes files, pictures and paper of a run. Loaded by the first click that asks for one. */
export { eventsCsv, tableCsv } from './csv.ts';
export { fillReport, printReport } from './report.ts';
export { savePicture } from './save-picture.ts';
