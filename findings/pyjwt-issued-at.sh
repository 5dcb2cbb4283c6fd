#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a signed token that is otherwise valid is taken although its iat lies two seconds ahead of the receiver's clock: iat says how old a
#          token is, only nbf says from when it counts.
# Instead: PyJWT refuses it ("not yet valid") unless it is told a leeway; jsonwebtoken and jose in JavaScript take it.
# Hurts:   who makes a fresh token for each message, as ZGW interfaces want it: against a receiver in Python whose clock is a second or two
#          behind, deliveries fail with 401 or 403 now and then, and work when tried again. Set iat some seconds back, or the clocks right.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install pyjwt==2.15.1 && npm i --silent --no-audit --no-fund jsonwebtoken@9.0.3 jose@6.2.18; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

cat >read.py <<'END'
import time
import jwt

key = "of this test, and of nothing else"
for ahead in (0, 5):
    token = jwt.encode({"iss": "x", "iat": int(time.time()) + ahead}, key, algorithm="HS256")
    for leeway in (0, 10):
        try:
            jwt.decode(token, key, algorithms=["HS256"], leeway=leeway)
            print(f"pyjwt, iat {ahead} s ahead, leeway {leeway}: taken")
        except jwt.ImmatureSignatureError as e:
            print(f"pyjwt, iat {ahead} s ahead, leeway {leeway}: refused, {e}")
END
cat >read.mjs <<'END'
import jwt from 'jsonwebtoken'
import { jwtVerify } from 'jose'
const key = 'of this test, and of nothing else'
const token = jwt.sign({ iss: 'x', iat: Math.floor(Date.now() / 1000) + 5 }, key)
for (const [name, verify] of [['jsonwebtoken', async () => jwt.verify(token, key)], ['jose', () => jwtVerify(token, new TextEncoder().encode(key))]])
        console.log(`${name}, iat 5 s ahead:`, await verify().then(() => 'taken', e => `refused, ${e.message}`))
END
{ v/bin/python read.py; node read.mjs; } >seen 2>&1
cat >expected <<'END'
pyjwt, iat 0 s ahead, leeway 0: taken
pyjwt, iat 0 s ahead, leeway 10: taken
pyjwt, iat 5 s ahead, leeway 0: refused, The token is not yet valid (iat)
pyjwt, iat 5 s ahead, leeway 10: taken
jsonwebtoken, iat 5 s ahead: taken
jose, iat 5 s ahead: taken
END
v/bin/pip freeze | grep -i '^pyjwt='
npm ls 2>/dev/null | grep -oE '(jsonwebtoken|jose)@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
