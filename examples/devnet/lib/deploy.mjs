// Deploys Aztec's own L1 contracts by running the forge script that ships inside @aztec/l1-artifacts. The package also
// ships forge's cache and its compiled output, so nothing is compiled: forge only asks the solc shim for its version.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { foundryBin, run } from './process.mjs';

const require = createRequire(import.meta.url);
const wei = tokens => (BigInt(tokens) * 10n ** 18n).toString();

// Mainnet's values of 4.1.2, except: a committee of 4, and an entry queue past its bootstrap phase with a flush size of 4.
const parameters = vetoer => ({
  VK_TREE_ROOT: '0x1dd2644a17d1ddd8831287a78c5a1033b7ae35cdf2a3db833608856c062fc2ba',
  PROTOCOL_CONTRACTS_HASH: '0x2672340d9a0107a7b81e6d10d25b854debe613f3272e8738e8df0ca2ff297141',
  GENESIS_ARCHIVE_ROOT: '0x15ee8dc126eb2facb28d5cc5acaccc1266b46507c5238da1f25402fa0ae32354',
  NETWORK: 'local', INITIAL_VALIDATORS: '[]', REAL_VERIFIER: 'false', FEE_JUICE_PORTAL_INITIAL_BALANCE: '0',
  AZTEC_SLOT_DURATION: '72', AZTEC_EPOCH_DURATION: '32', AZTEC_TARGET_COMMITTEE_SIZE: '4',
  AZTEC_LAG_IN_EPOCHS_FOR_VALIDATOR_SET: '2', AZTEC_LAG_IN_EPOCHS_FOR_RANDAO: '1', AZTEC_INBOX_LAG: '1',
  AZTEC_PROOF_SUBMISSION_EPOCHS: '1', AZTEC_ACTIVATION_THRESHOLD: wei(200_000),
  AZTEC_EJECTION_THRESHOLD: wei(100_000), AZTEC_LOCAL_EJECTION_THRESHOLD: wei(190_000),
  AZTEC_SLASHING_LIFETIME_IN_ROUNDS: '34', AZTEC_SLASHING_EXECUTION_DELAY_IN_ROUNDS: '28',
  AZTEC_SLASHING_VETOER: vetoer, AZTEC_SLASHING_DISABLE_DURATION: '259200', AZTEC_MANA_TARGET: '75000000',
  AZTEC_EXIT_DELAY_SECONDS: '345600', AZTEC_PROVING_COST_PER_MANA: '25000000',
  AZTEC_INITIAL_ETH_PER_FEE_ASSET: '10000000', AZTEC_SLASHER_FLAVOR: 'tally',
  AZTEC_SLASHING_ROUND_SIZE_IN_EPOCHS: '4', AZTEC_SLASHING_QUORUM: '65', AZTEC_SLASHING_OFFSET_IN_ROUNDS: '2',
  AZTEC_SLASH_AMOUNT_SMALL: wei(2000), AZTEC_SLASH_AMOUNT_MEDIUM: wei(2000), AZTEC_SLASH_AMOUNT_LARGE: wei(2000),
  AZTEC_ENTRY_QUEUE_BOOTSTRAP_VALIDATOR_SET_SIZE: '0', AZTEC_ENTRY_QUEUE_BOOTSTRAP_FLUSH_SIZE: '0',
  AZTEC_ENTRY_QUEUE_FLUSH_SIZE_MIN: '4', AZTEC_ENTRY_QUEUE_FLUSH_SIZE_QUOTIENT: '400',
  AZTEC_ENTRY_QUEUE_MAX_FLUSH_SIZE: '4',
});

// Returns the addresses that the script prints.
export const deployAztec = (url, privateKey, vetoer) =>
  runScript('DeployAztecL1Contracts', url, privateKey, parameters(vetoer));

// One more rollup for the contracts that are there, and the payload that makes it canonical. Its slashes cost what those of
// mainnet's 6 do, which also makes its version another.
export const deployNextRollup = (url, privateKey, vetoer, registry) => runScript('DeployRollupForUpgrade', url, privateKey, {
  ...parameters(vetoer), REGISTRY_ADDRESS: registry, AZTEC_SLASH_AMOUNT_MEDIUM: wei(5000), AZTEC_SLASH_AMOUNT_LARGE: wei(5000),
});

async function runScript(script, url, privateKey, environment) {
  const entry = path.dirname(require.resolve('@aztec/l1-artifacts'));
  const source = path.join(entry, '../l1-contracts');
  // forge writes beside its sources, and the installed package is shared between builds.
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'butler-devnet-'));
  try {
    const parts = ['cache', 'generated', 'lib', 'out', 'script', 'src', 'test', 'foundry.toml', 'foundry.lock'];
    for (const part of parts)
      fs.cpSync(path.join(source, part), path.join(work, part), { recursive: true, preserveTimestamps: true });
    const shim = path.join(import.meta.dirname, 'solc-shim.cjs');
    fs.chmodSync(shim, 0o755);
    const out = await run(foundryBin('forge'), [
      'script', `script/deploy/${script}.s.sol`, '--sig', 'run()', '--private-key', privateKey,
      '--rpc-url', url, '--broadcast', '--slow', '--non-interactive',
    ], {
      cwd: work,
      env: {
        ...process.env, FOUNDRY_OFFLINE: 'true', FOUNDRY_SOLC: shim,
        PATH: path.dirname(process.execPath) + path.delimiter + process.env.PATH, ...environment,
      },
    });
    const prefix = 'JSON DEPLOY RESULT:';
    const line = out.split('\n').map(l => l.trim()).find(l => l.startsWith(prefix));
    if (!line) throw new Error(`forge printed no deploy result\n${out.slice(-3000)}`);
    return JSON.parse(line.slice(prefix.length));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}
