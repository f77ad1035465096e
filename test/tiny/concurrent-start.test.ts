// Fifty daemons that start at once on one stale socket (control-protocol.md §1): exactly one gets it, every other one
// says why not, and the winner's socket is the one that answers.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nativeTarget, run, skipUnless, skipWithout, tiny, withFolder } from "../support/tiny/tiny.ts";

const DAEMONS = 50;
const PSK = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100";

/** Leaves a stale socket, starts all, waits for each to be ready or gone; prints who is ready and what answers. */
const SCRIPT = `
cd "$1"; program=$2; count=$3
export SUBNETRA_SOCK=$1/control.sock
SUBNETRA_TUN=stale0 $program subnetrad --config 1.json 2>stale.err & stale=$!
for try in $(seq 500); do grep -q ready stale.err && break; sleep 0.02; done
kill -9 $stale; wait $stale 2>/dev/null
test -S control.sock || exit 9
pids=
for i in $(seq $count); do SUBNETRA_TUN=c$i $program subnetrad --config $i.json 2>$i.err & pids="$pids $!"; done
for i in $(seq $count); do
  for try in $(seq 500); do grep -qE 'ready|BindFailed' $i.err && break; sleep 0.02; done
done
grep -l '\\[ready\\]' [0-9]*.err | sed 's/.err//' | sed 's/^/ready /'
grep -hc 'a running daemon answers there\\|another daemon has been starting' [0-9]*.err | grep -c 1 | sed 's/^/refused /'
$program subnetra status | grep -o 'tun=c[0-9]*'
kill $pids 2>/dev/null; wait
ls | grep sock | sed 's/^/left /'
`;

test("of fifty daemons on one stale socket exactly one wins", {
  skip: skipWithout(nativeTarget) || skipUnless("unshare"),
}, async () => {
  await withFolder((folder) => {
    for (let i = 1; i <= DAEMONS; i++) {
      const config = {
        role: "spoke",
        local_id: 2,
        local_tun_ip: "10.77.0.2/24",
        listen_ports: [20_000 + i],
        peers: [{ id: 1, endpoint: "127.0.0.1:19000", allowed_src: "10.77.0.0/24", psk: PSK }],
      };
      writeFileSync(join(folder, `${i}.json`), JSON.stringify(config), { mode: 0o600 });
    }
    for (let round = 0; round < 3; round++) {
      const args = ["--net", "sh", "-c", SCRIPT, "sh", folder, tiny, String(DAEMONS)];
      const { stdout, stderr, status } = run(["unshare", ...args]);
      assert.equal(status === 9, false, stderr);
      const winner = stdout.match(/^ready (\d+)$/gm);
      assert.equal(winner?.length, 1, `${stdout}\n${stderr}`);
      assert.match(stdout, new RegExp(`^refused ${DAEMONS - 1}$`, "m"));
      assert.match(stdout, new RegExp(`^tun=c${winner![0].slice(6)}$`, "m"));
      assert.doesNotMatch(stdout, /^left /m, "neither socket nor lock stays");
    }
  });
});
