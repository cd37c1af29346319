// While a member of the federation is away the JavaScript client says which one, and works with the
// others. FEDERATION is the address, AWAY the member, and USERNAME has the same password.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import client from "@openeo/js-client";

const { FEDERATION, AWAY, USERNAME } = process.env;

let con;

before(async () => {
  con = await client.OpenEO.connect(FEDERATION);
  await con.authenticateBasic(USERNAME, USERNAME);
});

test("the member is known, and known to be offline", () => {
  assert.equal(con.capabilities().getFederationBackend(AWAY).status, "offline");
});

test("listings name the member that is missing", async () => {
  assert.deepEqual((await con.listCollections())["federation:missing"], [AWAY]);
  assert.deepEqual((await con.listProcesses())["federation:missing"], [AWAY]);
  assert.deepEqual((await con.listJobs())["federation:missing"], [AWAY]);
  assert.deepEqual((await con.listFiles())["federation:missing"], [AWAY]);
  assert.deepEqual((await con.listServices())["federation:missing"], [AWAY]);
});

test("work goes on at the others", async () => {
  const build = await con.buildProcess("sum");
  const result = await con.computeResult(build.save_result(build.add(1, 2), "JSON"));
  const pieces = [];
  for await (const piece of result.data) {
    pieces.push(piece);
  }
  assert.equal(Buffer.concat(pieces).toString(), "3");
});
