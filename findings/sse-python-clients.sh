#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a client of server-sent events passes over comments (a line ":"), hands out an event when its data are there and a blank line ends it, throws
#          away one that was cut off, keeps the last id, and reads UTF-8, as the HTML standard says (9.2.6).
# Instead: httpx-sse and sseclient hand out an empty event for a comment with a blank line behind it; sseclient-py hands out half of an event whose
#          connection broke, and forgets the last id; requests-sse takes off every space before the data, not one; sseclient reads Latin-1 unless
#          the header names a charset.
# Hurts:   a program that watches /api/stream of a console: it gets a text that is no JSON, at the first moment of silence or when a proxy lets go. So ours
#          names its charset and sends comments without a blank line; half an event must be thrown away by whoever watches.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
for of in httpx-sse==0.4.3:httpx==0.28.1 sseclient-py==1.8.0:requests==2.34.2 requests-sse==0.5.3: sseclient==0.0.27:; do
        python3 -m venv "v/${of%%=*}" && "v/${of%%=*}/bin/pip" -q install ${of//:/ } || { echo "cannot install $of"; exit 2; }
done >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >serve.py <<'END'
import http.server

BODIES = {
    "/comment": b'id: 1\nevent: a\ndata: {"n":1}\n\n:\n\nid: 2\nevent: a\ndata: {"n":2}\n\n',
    "/cut": b'id: 1\nevent: a\ndata: {"n":1}\n\nid: 2\nevent: a\ndata: {"n":',
    "/spaces": b"id: 1\nevent: a\ndata:   x\n\nevent: a\ndata: y\n\n",
    "/utf8": 'id: 1\nevent: a\ndata: {"plaats":"Fryslân"}\n\nevent: a\ndata: y\n\n'.encode(),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(BODIES[self.path])

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 serve.py >port &
server=$!
until [ -s port ]; do read -rt 0.1 _ <> <(:); done

cat >read.py <<'END'
import datetime
import itertools
import sys

url, name = "http://127.0.0.1:" + sys.argv[2], sys.argv[1]


def events(path):
    if name == "httpx-sse":
        import httpx, httpx_sse
        with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url + path) as source:
            yield from ((e.id, e.event, e.data) for e in source.iter_sse())
    elif name == "sseclient-py":
        import requests, sseclient
        yield from ((e.id, e.event, e.data) for e in sseclient.SSEClient(requests.get(url + path, stream=True)).events())
    elif name == "requests-sse":
        import requests_sse
        with requests_sse.EventSource(url + path, reconnection_time=datetime.timedelta(seconds=0.1)) as source:
            yield from ((e.last_event_id, e.type, e.data) for e in source)
    else:
        import sseclient
        yield from ((e.id, e.event, e.data) for e in sseclient.SSEClient(url + path, retry=100))


for path in ("/comment", "/cut", "/spaces", "/utf8"):
    print(name, path, *(f"{i} {e} {d!r};" for i, e, d in itertools.islice(events(path), 2)))
END
for of in httpx-sse sseclient-py requests-sse sseclient; do
        "v/$of/bin/python" read.py $of "$(cat port)" 2>&1
done | grep . >seen
cat >expected <<'END'
httpx-sse /comment 1 a '{"n":1}'; 1 message '';
httpx-sse /cut 1 a '{"n":1}';
httpx-sse /spaces 1 a '  x'; 1 a 'y';
httpx-sse /utf8 1 a '{"plaats":"Fryslân"}'; 1 a 'y';
sseclient-py /comment 1 a '{"n":1}'; 2 a '{"n":2}';
sseclient-py /cut 1 a '{"n":1}'; 2 a '{"n":';
sseclient-py /spaces 1 a '  x'; None a 'y';
sseclient-py /utf8 1 a '{"plaats":"Fryslân"}'; None a 'y';
requests-sse /comment 1 a '{"n":1}'; 2 a '{"n":2}';
requests-sse /cut 1 a '{"n":1}'; 1 a '{"n":1}';
requests-sse /spaces 1 a 'x'; 1 a 'y';
requests-sse /utf8 1 a '{"plaats":"Fryslân"}'; 1 a 'y';
sseclient /comment 1 a '{"n":1}'; None message '';
sseclient /cut 1 a '{"n":1}'; 1 a '{"n":1}';
sseclient /spaces 1 a '  x'; None a 'y';
sseclient /utf8 1 a '{"plaats":"FryslÃ¢n"}'; None a 'y';
END
for of in v/*; do "$of/bin/pip" freeze | grep -i sse; done
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
