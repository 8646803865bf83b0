/** A certificate authority for the name of the recipes: pebble, which Let's Encrypt tests ACME clients with. */
import type { Place } from './place.ts';

/** Its directory, as ACME calls its first address. */
export const DIRECTORY = 'https://localhost:14000/dir';
/** The certificate by which it is itself known, and the root of those that it issues (PEM, in the place). */
export const OWN_CERTIFICATE = '/etc/pebble/own.pem';
export const ISSUED_ROOT = '/usr/local/share/ca-certificates/pebble.crt';

const CONFIG = {
  pebble: {
    listenAddress: '127.0.0.1:14000',
    managementListenAddress: '127.0.0.1:15000',
    certificate: OWN_CERTIFICATE,
    privateKey: '/etc/pebble/own.key',
    // The ports that an authority asks at, and no others.
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  },
};

/**
 * Starts it in the place, where `names` lead to the place itself, and makes every program there trust it as it would a public
 * one. certbot asks it instead of Let's Encrypt, and does not wait up to eight minutes before a renewal, as it does without a
 * terminal: that is all it is told besides the printed command.
 */
export async function startAuthority(place: Place, names: readonly string[]): Promise<void> {
  await place.done(`
echo '127.0.0.1 localhost ${names.join(' ')}' > /etc/hosts
mkdir -p /etc/pebble /etc/letsencrypt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \\
  -addext subjectAltName=DNS:localhost -keyout /etc/pebble/own.key -out ${OWN_CERTIFICATE}
cat > /etc/pebble/config.json <<'END'
${JSON.stringify(CONFIG)}
END
# Not its random delays and refusals, by which it tests clients.
systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 pebble -config /etc/pebble/config.json
until curl --silent --fail --cacert ${OWN_CERTIFICATE} https://localhost:15000/roots/0 > ${ISSUED_ROOT}; do sleep 0.1; done
update-ca-certificates
printf '%s\\n' 'server = ${DIRECTORY}' 'no-verify-ssl = true' 'no-random-sleep-on-renew = true' >> /etc/letsencrypt/cli.ini
`);
}
