/** A stream and a WebSocket that are held open in a place while its proxy changes. */
import { ISSUED_ROOT } from './authority.ts';
import { PROJECT } from './place.ts';

/** A script that starts reader.mjs as the service `unit`, and waits until both have had an event. Its lines are in /tmp/`unit`. */
export const startReader = (site: string, unit: string): string => `
systemd-run --quiet --unit=${unit} --setenv=NODE_EXTRA_CA_CERTS=${ISSUED_ROOT} --working-directory=${PROJECT} \\
  sh -c 'exec node_modules/.bin/node tests/deploy/reader.mjs ${site} > /tmp/${unit}'
until grep -q 'stream event' /tmp/${unit} && grep -q 'socket event' /tmp/${unit}; do systemctl is-active ${unit}; sleep 0.1; done`;
