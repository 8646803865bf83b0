// Plain JavaScript without anything newer than Node 8, so that an old Node can still read what is wrong with it.
const [major, minor] = process.versions.node.split('.').map(Number);

function refuse(why, what) {
  process.stderr.write(`Pushlab ${why} and this is Node ${process.versions.node}. ${what}\n`);
  process.exit(1);
}

const INSTALL = 'Install a current one from https://nodejs.org and run the command again.';
if (major < 22 || (major === 22 && minor < 18) || (major === 23 && minor < 6))
  refuse('needs Node 22.18 or newer (of 23: 23.6)', INSTALL);
// Some systems build their Node without it (--without-amaro), and an option can turn it off.
if (!process.features.typescript) {
  const turnedOff = /--no-(experimental-)?strip-types/.test(
    (process.env.NODE_OPTIONS || '') + process.execArgv.join(' '),
  );
  refuse(
    'is written in TypeScript, which Node runs by itself unless told otherwise or built without',
    turnedOff
      ? 'Take --no-strip-types out of NODE_OPTIONS and run the command again.'
      : `This one was built without, as by some Linux distributions. ${INSTALL}`,
  );
}
