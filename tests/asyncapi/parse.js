// Parses AsyncAPI documents with the official parser: a JSON array of them on standard input, an array of what it says
// of each on standard output. Usage: node parse.js DIRECTORY, where the parser is installed in DIRECTORY.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const { Parser } = createRequire(join(process.argv[2], 'package.json'))('@asyncapi/parser');

const parser = new Parser();

async function parsed(source) {
  const { document, diagnostics } = await parser.parse(JSON.stringify(source));
  const operations = document ? document.operations().all() : [];
  return {
    version: document ? document.version() : null,
    operations: Object.fromEntries(operations.map((one) => [one.id(), {
      action: one.action(),
      channels: one.channels().all().map((channel) => channel.address()),
      messages: one.messages().all().map((message) => message.id()),
    }])),
    diagnostics: diagnostics.map((one) => ({ code: one.code, message: one.message, path: one.path.join('/') })),
  };
}

async function main() {
  const answers = [];
  for (const source of JSON.parse(readFileSync(0, 'utf8'))) answers.push(await parsed(source));
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
