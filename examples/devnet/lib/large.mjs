// Thousands of attesters, for speed tests. All of them were staked through the StakingRegistry by delegators:
//
//   P1-…, P2-…, P3-…  validating: up to 100 with provider 1, up to 900 with provider 2, the rest with provider 3;
//                     the last 20 of each provider wait in its queue
//   D-…               an eighth as many, deposited directly, waiting in the entry queue
//
// Keys are real and are checked by the real contracts. They depend on their number only and are kept between builds.
import fs from 'node:fs';
import { encodeFunctionData, getAddress, keccak256, numberToHex, toHex } from 'viem';
import { blsKeys, compress, registrationDigest } from './bls.mjs';
import { EPOCH_SECONDS } from './devnet.mjs';
import { rpc, rpcBatch } from './process.mjs';

// Real blocks are smaller; here it only matters that building is fast.
export const LARGE_ANVIL_ARGS = ['--gas-limit', '1000000000'];
const LEFT_IN_QUEUE = 20;
const KEYS_PER_ADD = 50;
const QUEUE_CONFIG = { bootstrapValidatorSetSize: 0n, bootstrapFlushSize: 0n, normalFlushSizeQuotient: 400n };

export async function playLarge(devnet, attesters, keysFile) {
  const { who, read, tx, jump, impersonate, contracts, token, threshold, version, log } = devnet;
  const { Rollup, StakingRegistry, GSE } = contracts;
  const directs = Math.floor(attesters / 8);
  const first = Math.min(attesters, 100), second = Math.min(attesters - first, 900);
  const providers = [
    { id: 1n, staked: first, rate: 500, admin: 'adminA', delegator: 'delegator1' },
    { id: 2n, staked: second, rate: 1000, admin: 'adminB', delegator: 'delegator2' },
    { id: 3n, staked: attesters - first - second, rate: 300, admin: 'adminC', delegator: 'delegator1' },
  ];
  const keys = loadKeys(keysFile, attesters + directs + providers.length * LEFT_IN_QUEUE, log);
  const onChain = await read(GSE.address, GSE.abi, 'getRegistrationDigest', [keys[0].g1]);
  const ours = registrationDigest(keys[0].g1);
  if (onChain.x !== ours.x || onChain.y !== ours.y) throw new Error('the digest differs from the one on chain');

  const names = {}, bls = {};
  let next = 0;
  const take = (prefix, count) => Array.from({ length: count }, (_, i) => {
    const key = keys[next++], name = `${prefix}-${String(i).padStart(4, '0')}`;
    names[name] = key.attester;
    bls[name] = compress(key.g1);
    return key;
  });
  const registry = (name, args) => ({ to: StakingRegistry.address, data: encodeFunctionData({ abi: StakingRegistry.abi, functionName: name, args }) });
  const rollup = (name, args) => ({ to: Rollup.address, data: encodeFunctionData({ abi: Rollup.abi, functionName: name, args }) });

  for (const [role, count] of [['delegator1', attesters], ['delegator2', attesters], ['solo', directs]])
    await tx('deployer', token.address, token.abi, 'mint', [who[role].address, threshold * BigInt(count)]);
  for (const [role, spender] of [['delegator1', StakingRegistry], ['delegator2', StakingRegistry], ['solo', Rollup]])
    await tx(role, token.address, token.abi, 'approve', [spender.address, 2n ** 255n]);
  for (const { admin, rate } of providers)
    await tx(admin, StakingRegistry.address, StakingRegistry.abi, 'registerProvider', [who[admin].address, rate, who[admin].address]);

  for (const { id, staked, admin } of providers) {
    const stores = take(`P${id}`, staked + LEFT_IN_QUEUE)
      .map(k => ({ attester: k.attester, publicKeyG1: k.g1, publicKeyG2: k.g2, proofOfPossession: k.pop }));
    const chunks = Array.from({ length: Math.ceil(stores.length / KEYS_PER_ADD) }, (_, i) => stores.slice(i * KEYS_PER_ADD, (i + 1) * KEYS_PER_ADD));
    await sendMany(devnet, admin, chunks.map(chunk => registry('addKeysToProvider', [id, chunk])), 4, 20_000_000);
  }
  log('keys are registered');
  for (const { id, staked, rate, delegator } of providers) {
    const { address } = who[delegator];
    const call = registry('stake', [id, version, address, rate, address, true]);
    await sendMany(devnet, delegator, Array.from({ length: staked }, () => call), 40, 2_500_000);
  }
  log('all are staked');

  const owner = await read(Rollup.address, Rollup.abi, 'owner');
  const setFlushSize = size => impersonate(owner, wallet => tx(wallet, Rollup.address, Rollup.abi, 'updateStakingQueueConfig',
    [{ ...QUEUE_CONFIG, normalFlushSizeMin: size, maxQueueFlushSize: size }]));
  await setFlushSize(BigInt(attesters));
  await jump(EPOCH_SECONDS);
  const flushes = Array.from({ length: Math.ceil(attesters / 40) }, () => rollup('flushEntryQueue', [40n]));
  await sendMany(devnet, 'stranger', flushes, 2, 100_000_000);
  const active = await read(Rollup.address, Rollup.abi, 'getActiveAttesterCount');
  if (active !== BigInt(attesters)) throw new Error(`expected ${attesters} active attesters, got ${active}`);
  await setFlushSize(4n);
  await jump(4 * EPOCH_SECONDS); // the sampled validator set lags behind
  log(`${active} are active`);

  const deposits = take('D', directs).map(k => rollup('deposit', [k.attester, who.solo.address, k.g1, k.g2, k.pop, false]));
  await sendMany(devnet, 'solo', deposits, 40, 2_000_000);
  return { names, bls, providers: [1n, 2n, 3n], eventNames: ['StakedWithProvider'] };
}

// Sends calls of one account, so many in each block, and fails if one of them reverts.
async function sendMany({ url, who }, role, calls, perBlock, gas) {
  const from = who[role].address;
  let nonce = Number(await rpc(url, 'eth_getTransactionCount', [from, 'latest']));
  await rpc(url, 'evm_setAutomine', [false]);
  for (let start = 0; start < calls.length; start += perBlock) {
    const transactions = calls.slice(start, start + perBlock)
      .map(call => ['eth_sendTransaction', [{ from, ...call, gas: numberToHex(gas), nonce: numberToHex(nonce++) }]]);
    const hashes = await rpcBatch(url, transactions);
    await rpc(url, 'evm_mine');
    const receipts = await rpcBatch(url, hashes.map(hash => ['eth_getTransactionReceipt', [hash]]));
    const failed = receipts.findIndex(receipt => receipt?.status !== '0x1');
    if (failed >= 0) throw new Error(`transaction ${start + failed} of ${role} failed: ${JSON.stringify(receipts[failed])}`);
  }
  await rpc(url, 'evm_setAutomine', [true]);
}

// Key number i is the same in every build. Making one takes some milliseconds, so they are kept in a file.
function loadKeys(file, count, log) {
  const parse = text => JSON.parse(text, (name, value) => (typeof value === 'string' && name !== 'attester' ? BigInt(value) : value));
  const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);
  const keys = file && fs.existsSync(file) ? parse(fs.readFileSync(file, 'utf8')) : [];
  const known = keys.length;
  for (let i = known; i < count; i++)
    keys.push({ attester: getAddress(`0x${keccak256(toHex(`devnet-attester:${i}`)).slice(-40)}`), ...blsKeys(`L${i}`) });
  if (file && keys.length > known) {
    fs.writeFileSync(`${file}.new`, JSON.stringify(keys, plain));
    fs.renameSync(`${file}.new`, file);
  }
  log(`${count} keys, ${Math.max(count - known, 0)} of them new`);
  return keys;
}
