// npm fhir-kit-client against a running server: node fhir_kit_client.mjs http://127.0.0.1:8000/fhir
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2] });
const NORTH = "urn:oid:1.2.36.1.1";
const SOUTH = "urn:oid:1.2.36.1.2";
const patient = (system, value) => ({
  resourceType: "Patient",
  identifier: [{ system, value }],
  name: [{ use: "official", family: "Kitson", given: ["Grace"] }],
  gender: "female",
  birthDate: "1975-06-07",
  address: [{ line: ["7 Pine Rd"], city: "Troy", state: "NY", postalCode: "12180" }],
});

const capability = await client.capabilityStatement();
assert.equal(capability.fhirVersion, "4.0.1");

for (const [system, value] of [[NORTH, "kit-1"], [SOUTH, "kit-2"]]) {
  const made = await client.update({
    resourceType: "Patient",
    searchParams: { identifier: `${system}|${value}` },
    body: patient(system, value),
  });
  assert.equal(made.resourceType, "Patient");
}

const matched = await client.operation({
  name: "match",
  resourceType: "Patient",
  input: {
    resourceType: "Parameters",
    parameter: [
      { name: "resource", resource: { ...patient(), identifier: undefined } },
      { name: "onlyCertainMatches", valueBoolean: true },
    ],
  },
});
assert.equal(matched.total, 1);
assert.equal(matched.entry[0].search.extension[0].valueCode, "certain");

const crossed = await client.operation({
  name: "ihe-pix",
  resourceType: "Patient",
  method: "GET",
  input: { sourceIdentifier: `${NORTH}|kit-1`, targetSystem: SOUTH },
});
assert.equal(crossed.parameter[0].valueIdentifier.value, "kit-2");

const found = await client.search({ resourceType: "Patient", searchParams: { family: "kitson", gender: "female" } });
assert.equal(found.total, 1);
const posted = await client.search({
  resourceType: "Patient",
  searchParams: { family: "kitson" },
  options: { postSearch: true },
});
assert.equal(posted.total, 1);

const read = await client.read({ resourceType: "Patient", id: found.entry[0].resource.id });
assert.equal(read.name[0].family, "Kitson");
const history = await client.history({ resourceType: "Patient", id: read.id });
assert.equal(history.type, "history");

const missing = await client.read({ resourceType: "Patient", id: "r404404" }).catch((error) => error);
assert.equal(missing.response.status, 404);
assert.equal(missing.response.data.resourceType, "OperationOutcome");

console.log("ok");
