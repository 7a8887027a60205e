// npm fhir over resources, one JSON a line: node validate_fhir.mjs FILE; prints one JSON line per resource at fault.
import { readFileSync } from "node:fs";
import fhir from "fhir";

const validator = new fhir.Fhir();
let count = 0;
for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  const resource = JSON.parse(line);
  const found = validator.validate(resource, { errorOnUnexpected: true });
  count += 1;
  const errors = found.messages.filter((message) => message.severity === "error" || message.severity === "fatal");
  if (errors.length) console.log(JSON.stringify({ resource, errors }));
}
console.error(`${count} resources`);
