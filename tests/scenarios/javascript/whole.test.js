// The JavaScript client does with the federation all that it can do: one test for each of its
// features. FEDERATION is the address, and a user named USERNAME has the same password.

import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";

import client from "@openeo/js-client";

const { FEDERATION, USERNAME } = process.env;
const MEMBERS = ["terra", "aurora", "boreal"];
const AREA = { west: 11.04, south: 46.38, east: 11.05, north: 46.39 };
const JULY = ["2024-07-01", "2024-07-16"];
const ENDED = ["finished", "error", "canceled"];

let con, folder;

before(async () => {
  con = await client.OpenEO.connect(FEDERATION);
  await con.authenticateBasic(USERNAME, USERNAME);
  folder = await mkdtemp(path.join(tmpdir(), "federation-"));
});

after(() => rm(folder, { recursive: true }));

// The names of what a listing holds.
const ids = (listing) => listing.map((one) => one.id);

// A process that a human would write: the median of a month, in a file of that format.
async function median(format, collection = "SENTINEL2_L2A", bands = ["B04"]) {
  const build = await con.buildProcess("median");
  const cube = build.load_collection(collection, AREA, JULY, bands);
  const reducer = (data, _, builder) => builder.median(data);
  return build.save_result(build.reduce_dimension(cube, reducer, "t"), format);
}

async function sum() {
  const build = await con.buildProcess("sum");
  return build.save_result(build.add(1, 2), "JSON");
}

async function ended(job) {
  for (let i = 0; i < 300 && !ENDED.includes(job.status); i++) {
    await sleep(200);
    await job.describeJob();
  }
  return job.status;
}

async function everyPage(pages) {
  const found = [];
  for await (const page of pages) {
    found.push(...page);
  }
  return found;
}

test("the client finds the newest version and what it can do here", async () => {
  const capabilities = con.capabilities();
  assert.equal(capabilities.apiVersion(), "1.3.0");
  assert.match(con.getBaseUrl(), /\/openeo\/1\.3$/);
  assert.equal(capabilities.title(), "openEO federation in a box");
  assert.ok(capabilities.hasConformance("https://api.stacspec.org/v1.0.0/collections"));
  // All that the client knows, less an extension that no member has.
  const unknown = ["listProcessingParameters"];
  const features = Object.keys(capabilities.featureMap).filter((f) => !unknown.includes(f));
  assert.deepEqual(
    features.filter((feature) => !capabilities.hasFeature(feature)),
    [],
  );
});

test("the members of the federation are described", () => {
  const capabilities = con.capabilities();
  assert.deepEqual(ids(capabilities.listFederation()), MEMBERS);
  const [boreal, terra] = capabilities.getFederationBackends(["boreal", "terra"]);
  assert.deepEqual([boreal.title, terra.title], ["Boreal HPC", "Terra Observatory"]);
  assert.equal(capabilities.getFederationBackend("aurora").status, "online");
});

test("billing plans have a currency", () => {
  const plans = con.capabilities().listPlans();
  assert.equal(con.capabilities().currency(), "credits");
  assert.equal(plans.filter((plan) => plan.default).length, 1);
});

test("collections are listed whole and in pages, with who has them", async () => {
  const { collections } = await con.listCollections();
  const shared = collections.find((one) => one.id === "SENTINEL2_L2A");
  assert.deepEqual(shared["federation:backends"], MEMBERS);
  const paged = await everyPage(con.paginateCollections(3));
  assert.deepEqual(ids(paged).sort(), ids(collections).sort());
});

test("a collection is described, with its queryables", async () => {
  const described = await con.describeCollection("SENTINEL2_L2A");
  assert.equal(described.type, "Collection");
  assert.ok(described["cube:dimensions"].bands.values.includes("B04"));
  const queryables = await con.describeCollectionQueryables("SENTINEL2_L2A");
  assert.deepEqual(queryables.properties["eo:cloud_cover"]["federation:backends"], [
    "terra",
    "aurora",
  ]);
});

test("items of a collection come from all that have it, page by page", async () => {
  const box = [11.0, 46.3, 11.1, 46.5];
  const days = ["2024-07-01T00:00:00Z", new Date("2024-07-10T00:00:00Z")];
  const items = await everyPage(con.listCollectionItems("SENTINEL2_L2A", box, days, 3));
  assert.ok(items.length > 3);
  assert.equal(new Set(ids(items)).size, items.length);
  assert.deepEqual(new Set(ids(items).map((id) => id.split("-")[0])), new Set(["terra", "aurora"]));
});

test("processes, formats, service types and UDF runtimes are those of all members", async () => {
  const process = await con.describeProcess("reduce_dimension");
  assert.deepEqual(process["federation:backends"], MEMBERS);
  const formats = await con.listFileTypes();
  assert.deepEqual(formats.getOutputType("GTiff")["federation:backends"], MEMBERS);
  assert.ok(Object.keys(formats.getInputTypes()).includes("GEOJSON"));
  assert.ok("XYZ" in (await con.listServiceTypes()));
  assert.equal((await con.listUdfRuntimes()).Python.type, "language");
});

test("users log in with a password, or find the provider of OpenID Connect", async () => {
  const another = await client.OpenEO.connect(FEDERATION);
  const providers = await another.listAuthProviders();
  const basic = providers.find((one) => one.getType() === "basic");
  const oidc = providers.find((one) => one.getType() === "oidc");
  assert.equal(oidc.getProviderId(), "federation");
  assert.equal(await oidc.supportsClientCredentials(), true);
  assert.equal(oidc.defaultClient.id, "openeo-federation");
  await assert.rejects(basic.login(USERNAME, "wrong"), { code: "CredentialsInvalid" });
  await basic.login(USERNAME, USERNAME);
  assert.equal((await another.describeAccount()).user_id, USERNAME);
});

test("a program logs in with OpenID Connect and its own secret", async () => {
  const another = await client.OpenEO.connect(FEDERATION);
  const providers = await another.listAuthProviders();
  const oidc = providers.find((one) => one.getType() === "oidc");
  oidc.setGrant("client_credentials");
  oidc.setClientId("terra-accounting");
  oidc.clientSecret = "terra-accounting-secret";
  await oidc.login();
  assert.ok(another.isAuthenticated());
  assert.ok((await another.describeAccount()).user_id);
});

test("mistakes come back from validation with their codes", async () => {
  assert.deepEqual([...(await con.validateProcess(await median("GTiff")))], []);
  const wrong = { process_graph: { x: { process_id: "nothing", arguments: {}, result: true } } };
  const errors = await con.validateProcess(wrong);
  assert.equal(errors[0].code, "ProcessUnsupported");
});

test("a result comes at once, as a stream or in a file", async () => {
  const result = await con.computeResult(await sum());
  assert.equal(result.type, "application/json");
  const pieces = [];
  for await (const piece of result.data) {
    pieces.push(piece);
  }
  assert.equal(Buffer.concat(pieces).toString(), "3");
  const file = path.join(folder, "median.tif");
  await con.downloadResult(await median("GTiff"), file);
  assert.equal((await readFile(file)).subarray(0, 2).toString(), "II");
});

test("an error of a synchronous request has a code and a message", async () => {
  const failing = con.computeResult(await median("GTiff", "NOWHERE"));
  await assert.rejects(failing, { code: "CollectionNotFound" });
});

test("a batch job lives through all it can: estimate, change, run, logs, results", async () => {
  const job = await con.createJob(await median("GTiff", "SENTINEL1_GRD", ["VV"]), "Radar");
  assert.match(job.id, /^aurora-/);
  assert.ok((await job.estimateJob()).costs > 0);
  await job.updateJob({ title: "Radar of July" });
  assert.equal((await con.getJob(job.id)).title, "Radar of July");
  const seen = [];
  job.monitorJob((now, logs) => seen.push(now.status, ...logs), 1);
  await job.startJob();
  assert.equal(await ended(job), "finished");
  await sleep(1100);
  assert.equal(seen.filter((one) => typeof one === "string").at(-1), "finished");

  const logs = job.debugJob();
  const first = await logs.nextLogs(1);
  const rest = await logs.nextLogs();
  assert.equal(first.length, 1);
  assert.ok(rest.length > 0);
  assert.ok(!ids(rest).includes(first[0].id));
  assert.deepEqual(logs.getMissingBackends(), []);
  assert.deepEqual(await job.debugJob("error").nextLogs(), []);

  const stac = await job.getResultsAsStac();
  assert.ok(["Collection", "Feature"].includes(stac.type));
  assert.ok((await job.listResults()).length > 0);
  const target = await mkdtemp(path.join(folder, "results-"));
  await job.downloadResults(target);
  assert.ok((await readdir(target)).some((name) => name.endsWith(".tif")));

  assert.ok(ids(await con.listJobs()).includes(job.id));
  assert.ok(ids(await everyPage(con.paginateJobs(1))).includes(job.id));
  await job.deleteJob();
  await assert.rejects(job.describeJob(), { code: "JobNotFound" });
});

test("a job can be stopped", async () => {
  const job = await con.createJob(await median("netCDF", "BOREAL_TEMPERATURE_DAILY", null));
  await job.startJob();
  await job.stopJob();
  // Without any results yet it could be started again.
  assert.ok(["created", "canceled", "finished"].includes(job.status));
  await job.deleteJob();
});

test("a file goes to a member and comes back", async () => {
  const local = path.join(folder, "local.json");
  const back = path.join(folder, "back.json");
  await writeFile(local, JSON.stringify({ type: "FeatureCollection", features: [] }));
  const steps = [];
  const target = "boreal/js/area.geojson";
  const file = await con.uploadFile(local, target, (percent) => steps.push(percent));
  assert.equal(file.path, target);
  const listed = await con.listFiles();
  assert.ok(listed.map((one) => one.path).includes(target));
  assert.deepEqual(listed["federation:missing"], []);
  await (await con.getFile(target)).downloadFile(back);
  assert.equal(await readFile(back, "utf8"), await readFile(local, "utf8"));
  await file.deleteFile();
  assert.ok(!(await con.listFiles()).map((one) => one.path).includes(target));
});

test("a user's process is stored once and used by its name", async () => {
  const graph = {
    twice: {
      process_id: "multiply",
      arguments: { x: { from_parameter: "x" }, y: 2 },
      result: true,
    },
  };
  const parameters = [{ name: "x", description: "A number.", schema: { type: "number" } }];
  const stored = await con.setUserProcess("twice_js", { process_graph: graph, parameters });
  assert.deepEqual(stored.processGraph, graph);
  const mine = await con.listUserProcesses();
  assert.ok(ids(mine).includes("twice_js"));
  assert.deepEqual((await con.getUserProcess("twice_js")).parameters, parameters);
  const build = await con.buildProcess("six");
  const six = build.save_result(build.process("twice_js", { x: 3 }), "JSON");
  const result = await con.computeResult(six);
  const pieces = [];
  for await (const piece of result.data) {
    pieces.push(piece);
  }
  assert.equal(Number(Buffer.concat(pieces).toString()), 6);
  await stored.replaceUserProcess({ process_graph: graph, parameters, description: "Doubles." });
  assert.equal((await con.getUserProcess("twice_js")).description, "Doubles.");
  await stored.deleteUserProcess();
  await assert.rejects(con.getUserProcess("twice_js"), { code: "ProcessGraphNotFound" });
});

test("a web service is made, changed, looked at and taken away", async () => {
  const red = await median("PNG");
  const more = { log_level: "debug" };
  const service = await con.createService(red, "XYZ", "Red", null, false, {}, null, null, more);
  assert.equal(service.enabled, false);
  await service.updateService({ title: "Red light", enabled: true });
  assert.equal((await con.getService(service.id)).title, "Red light");
  assert.ok(service.url.includes("{z}"));
  const [z, x, y] = [12, 2173, 1442];
  const address = service.url.replace("{z}", z).replace("{x}", x).replace("{y}", y);
  const tile = await fetch(address);
  assert.equal(tile.headers.get("content-type"), "image/png");
  assert.ok((await service.debugService().nextLogs()).length > 0);
  assert.ok(ids(await con.listServices()).includes(service.id));
  await service.deleteService();
  assert.ok(!ids(await con.listServices()).includes(service.id));
});
