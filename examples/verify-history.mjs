#!/usr/bin/env node
// Verifies what `butler-cli --json actions export` wrote, without butler: every line is sealed together with all lines before it.
//
//   butler-cli --json actions export > export.json
//   node verify-history.mjs export.json [SEAL-OF-THE-LAST-LINE]
//
// A line is `seal json`; its seal is the SHA-256, in hex, of the 32 bytes of the seal before it and of the JSON's bytes. Who keeps the last
// seal of an earlier export, somewhere that butler's machine cannot reach, can tell that nothing before it was changed since: the later
// export must contain that line with that seal.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [file, known] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: verify-history.mjs EXPORT [SEAL]')
  process.exit(2)
}

// People write reasons: what would begin a line or act on a terminal is shown as its code.
const plain = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`)

const { journal, after, seal: begin, lines } = JSON.parse(readFileSync(file, 'utf8'))
let seal = Buffer.from(begin, 'hex')
let number = after
let found = known === undefined || known === begin
const decisions = []
for (const line of lines) {
  const written = line.slice(0, 64)
  const json = line.slice(65)
  seal = createHash('sha256').update(seal).update(json, 'utf8').digest()
  number += 1
  const { line: own, at, op } = JSON.parse(json)
  if (seal.toString('hex') !== written || own !== number) {
    console.error(`line ${number} was changed, removed or moved: its seal does not fit`)
    process.exit(1)
  }
  found ||= written === known
  // What an action does later keeps the reason of the decision: each is told where it was made.
  const isDecided = ['approve', 'concur', 'revive'].includes(op.moved?.by)
  const standing = isDecided ? op.moved.standing : op.finished
  if (/^(approved|denied|revived)/.test(standing?.reason ?? '')) {
    decisions.push(`${new Date(at).toISOString()}  ${plain((op.moved ?? op.finished).key)}  ${plain(standing.reason)}`)
  }
}
if (!found) {
  console.error('no line has the seal that is known from before: the history is not the one that was exported then')
  process.exit(1)
}
console.log(`journal ${journal}: lines ${after + 1} to ${number} are whole; the last seal is ${seal.toString('hex')}`)
decisions.forEach((decision) => console.log(decision))
