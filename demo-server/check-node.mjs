// Plain JavaScript without anything newer than Node 8, so that an old Node can still read what is wrong with it.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    'Pushlab needs Node 22.18 or newer and this is Node ' +
      process.versions.node +
      '. Install a current one from https://nodejs.org and run the command again.\n',
  );
  process.exit(1);
}
