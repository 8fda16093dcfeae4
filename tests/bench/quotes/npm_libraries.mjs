// Cuts quoted mails with libraries of npm. Reads a list of {text, html} from stdin and writes a list
// of {text, ms} per library to stdout. `node npm_libraries.mjs FOLDER`: FOLDER has the libraries.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(`${process.argv[2]}/package.json`))
const planer = require('planer')
const { JSDOM } = require('jsdom')
const { default: EmailReplyParser } = await import(
  pathToFileURL(require.resolve('email-reply-parser'))
)

const readers = {
  planer: (mail) =>
    mail.html === null
      ? planer.extractFrom(mail.text, 'text/plain')
      : planer.extractFrom(mail.html, 'text/html', new JSDOM('').window.document),
  'email-reply-parser': (mail) => new EmailReplyParser().parseReply(mail.text),
}

function timed(read, mail) {
  const begun = performance.now()
  try {
    return { text: String(read(mail)), ms: performance.now() - begun }
  } catch {
    return { text: '', ms: performance.now() - begun }
  }
}

const mails = JSON.parse(readFileSync(0, 'utf-8'))
const results = Object.fromEntries(
  Object.entries(readers).map(([name, read]) => [name, mails.map((mail) => timed(read, mail))]),
)
process.stdout.write(JSON.stringify(results))
