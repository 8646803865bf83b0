#!/usr/bin/env bash
# What most people expect: a Django Channels consumer, or any ASGI application, may close a WebSocket with each code that
#   RFC 6455 7.4.1 gives to endpoints: 1009 for a message that is too big, 1008 for a policy, 1001 when it goes away. The
#   ASGI specification lists `code` as any int, and the tutorials do `await self.close(code=1009)`.
# What happens: Daphne hands the code to Autobahn's sendClose, which takes 1000 and 3000-4999 alone. Any other code raises
#   an Exception inside the application, and the client sees 1011 (internal error) instead of the code that was meant.
# Seen with: Debian 12's daphne 4.0.0-1, python3-autobahn 22.7.1, 2026-11-28.
# Source: autobahn/websocket/protocol.py, sendClose(); daphne/ws_protocol.py, serverClose().
# Needs Debian and root (installs its packages) or daphne and python3-websockets in place. Takes some ten seconds.
set -euo pipefail
python=/usr/bin/python3
if ! $python -c 'import daphne, websockets' 2>/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends daphne python3-websockets >/dev/null
fi
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
cat > "$dir/app.py" <<'PY'
async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    message = await receive()
    await send({"type": "websocket.close", "code": int(message["text"])})
PY
cat > "$dir/client.py" <<'PY'
import asyncio, sys, websockets

async def main(port):
    for wanted in [1000, 1001, 1008, 1009, 1013, 3000, 4009]:
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as socket:
            await socket.send(str(wanted))
            try:
                await socket.recv()
            except websockets.ConnectionClosed as closed:
                print(wanted, closed.code)

asyncio.run(main(sys.argv[1]))
PY
cd "$dir"
$python -m daphne -b 127.0.0.1 -p 0 app:application > log 2>&1 &
server=$!
port=
until port=$(sed -n 's/.*Listening on TCP address 127.0.0.1:\([0-9]*\).*/\1/p' log) && [ -n "$port" ]; do
  kill -0 "$server" || { cat log; exit 1; }
  sleep 0.1
done
dpkg-query -W -f '${Package} ${Version}\n' daphne python3-autobahn 2>/dev/null || true
echo 'asked the client saw'
$python client.py "$port" | tee seen
grep -m1 'invalid close code' log || true
expected='1000 1000
1001 1011
1008 1011
1009 1011
1013 1011
3000 3000
4009 4009'
[ "$(cat seen)" = "$expected" ] || { echo 'This has changed.'; exit 1; }
