// Builds the local test chain:
//
//   node build.mjs --out DIR                                  the scenario (lib/scenario.mjs)
//   node build.mjs --out DIR --attesters N --keys FILE        N active attesters, for speed tests (lib/large.mjs)
//
// DIR gets state.json (for `anvil --load-state`), state-archive.json (the same with the state of every past block; the
// scenario only) and oracle.json (what the chain says at the end). FILE keeps the generated keys between builds. The scenario
// goes on in DIR/upgrade (lib/upgrade.mjs): state.json and oracle.json just before a new rollup becomes canonical, after.json
// what the chain says afterwards.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { startDevnet } from './lib/devnet.mjs';
import { fundPublishers, readOracle, readUpgrade } from './lib/oracle.mjs';
import { rpc } from './lib/process.mjs';
import { playScenario } from './lib/scenario.mjs';
import { cutOver, prepareUpgrade } from './lib/upgrade.mjs';

const { values: options } = parseArgs({
  options: { out: { type: 'string' }, attesters: { type: 'string' }, keys: { type: 'string' } },
});
if (!options.out) throw new Error('usage: node build.mjs --out DIR [--attesters N --keys FILE]');
const started = performance.now();
const log = message => console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)}s ${message}`);
const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);

fs.mkdirSync(options.out, { recursive: true });
const write = (name, content) => {
  fs.writeFileSync(path.join(options.out, name), content);
  log(`wrote ${name}, ${(content.length / 1e6).toFixed(1)} MB`);
};

let devnet, played;
if (options.attesters) {
  const { LARGE_ANVIL_ARGS, playLarge } = await import('./lib/large.mjs');
  devnet = await startDevnet(log, LARGE_ANVIL_ARGS);
  played = await playLarge(devnet, Number(options.attesters), options.keys);
} else {
  devnet = await startDevnet(log);
  played = await playScenario(devnet);
}
await fundPublishers(devnet, rpc);
const oracle = await readOracle(devnet, played);
write('oracle.json', JSON.stringify(oracle, plain, 1));
const dump = async history => gunzipSync(Buffer.from((await rpc(devnet.url, 'anvil_dumpState', [history])).slice(2), 'hex'));
write('state.json', await dump(false));
if (!options.attesters) {
  write('state-archive.json', await dump(true));
  fs.mkdirSync(path.join(options.out, 'upgrade'));
  const next = await prepareUpgrade(devnet, played);
  await fundPublishers(devnet, rpc);
  write('upgrade/oracle.json', JSON.stringify(await readUpgrade(devnet, played, next, false), plain, 1));
  write('upgrade/state.json', await dump(false));
  await cutOver(devnet, next);
  write('upgrade/after.json', JSON.stringify(await readUpgrade(devnet, played, next, true), plain, 1));
}
await devnet.stop();
log(`block ${oracle.block.number}, ${oracle.events.length} events`);
process.exit(0);
