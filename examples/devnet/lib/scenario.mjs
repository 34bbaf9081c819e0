// The small scenario: one attester in every situation that an operator's tool has to recognise.
//
//   A0..A4        provider 1, validating (A0 has 123.5 synthetic sequencer rewards)
//   A5            provider 1, dripped from its queue
//   A6 A7, S4     in the rollup's entry queue (provider 1; direct)
//   A8 A9, B0 B1  in the queues of provider 1 and 2
//   S0            exiting, not yet exitable
//   S1            withdrawn and finalized
//   S2            validating, slashed to 198,000
//   S3            zombie: slashed under 190,000 and ejected, withdrawal not initiated
//   BADPOP        its deposit failed at the flush and was refunded
import { encodeFunctionData, getAddress, numberToHex, pad, parseEther } from 'viem';
import { blsKeys, compress } from './bls.mjs';
import { EPOCH_SECONDS, account } from './devnet.mjs';
import { rpc } from './process.mjs';

export async function playScenario(devnet) {
  const { url, who, read, tx, jump, impersonate, contracts, token, slasher, version, threshold, log } = devnet;
  const { Rollup, StakingRegistry } = contracts;
  const rollup = (from, name, args = []) => tx(from, Rollup.address, Rollup.abi, name, args);
  const registry = (from, name, args) => tx(from, StakingRegistry.address, StakingRegistry.abi, name, args);
  const names = {}, bls = {};
  const key = (name, index) => {
    names[name] = account(100 + index).address;
    const pair = blsKeys(name);
    bls[name] = compress(pair.g1);
    return { attester: names[name], ...pair };
  };
  const keys = (prefix, count, from) => Array.from({ length: count }, (_, i) => key(prefix + i, from + i));
  const keyStore = k => ({ attester: k.attester, publicKeyG1: k.g1, publicKeyG2: k.g2, proofOfPossession: k.pop });

  for (const role of ['delegator1', 'delegator2', 'solo'])
    await tx('deployer', token.address, token.abi, 'mint', [who[role].address, threshold * 10n]);
  const spenders = [['delegator1', StakingRegistry], ['delegator2', StakingRegistry], ['solo', Rollup]];
  for (const [role, spender] of spenders)
    await tx(role, token.address, token.abi, 'approve', [spender.address, 2n ** 255n]);

  await registry('adminA', 'registerProvider', [who.adminA.address, 500, who.recipient.address]);
  await registry('adminB', 'registerProvider', [who.adminB.address, 1000, who.adminB.address]);
  await registry('adminC', 'registerProvider', [who.adminC.address, 0, who.adminC.address]);
  const A = keys('A', 10, 0), B = keys('B', 2, 20), S = keys('S', 5, 30);
  const bad = key('BADPOP', 40);
  bad.pop = bad.g1;
  await registry('adminA', 'addKeysToProvider', [1n, A.map(keyStore)]);
  await registry('adminB', 'addKeysToProvider', [2n, B.map(keyStore)]);

  const stake = role => registry(role, 'stake', [1n, version, who[role].address, 500, who[role].address, true]);
  const deposit = k => rollup('solo', 'deposit', [k.attester, who.solo.address, k.g1, k.g2, k.pop, false]);
  const flush = async () => {
    await jump(EPOCH_SECONDS);
    await rollup('stranger', 'flushEntryQueue');
    const active = await read(Rollup.address, Rollup.abi, 'getActiveAttesterCount');
    log(`flushed, ${active} active`);
  };
  for (let i = 0; i < 3; i++) await stake('delegator1'); // A0 A1 A2
  for (const k of S.slice(0, 4)) await deposit(k);
  await flush();
  await flush();
  await deposit(bad);
  for (let i = 0; i < 2; i++) await stake('delegator2'); // A3 A4
  await flush();
  await registry('adminA', 'dripProviderQueue', [1n, 1n]); // A5

  await rollup('solo', 'initiateWithdraw', [names.S1, who.recipient.address]);
  await jump(345_600 + 12);
  await rollup('stranger', 'finalizeWithdraw', [names.S1]);
  await impersonate(slasher, async wallet => {
    const slash = name => rollup(wallet, 'slash', [names[name], parseEther('2000')]);
    await slash('S2');
    for (let i = 0; i < 6; i++) await slash('S3');
  });
  await rollup('solo', 'initiateWithdraw', [names.S0, who.recipient.address]);
  for (let i = 0; i < 2; i++) await stake('delegator1'); // A6 A7
  await deposit(S[4]);

  await registry('adminA', 'updateProviderTakeRate', [1n, 700]);
  await registry('adminA', 'updateProviderRewardsRecipient', [1n, who.adminA.address]);
  await registry('adminB', 'updateProviderAdmin', [2n, who.stranger.address]); // stays pending
  await registry('adminC', 'updateProviderAdmin', [3n, who.adminB.address]);
  await registry('adminB', 'acceptProviderAdmin', [3n]);
  await setSequencerRewards(devnet, names.A0, parseEther('123.5'));
  await rpc(url, 'evm_mine');
  return { names, bls, providers: [1n, 2n, 3n], key, keyStore };
}

// No block is ever proposed here, so rewards are written to the storage slot that the getter reads.
export async function setSequencerRewards({ url, who, read, contracts: { Rollup } }, attester, rewards) {
  const data = encodeFunctionData({ abi: Rollup.abi, functionName: 'getSequencerRewards', args: [attester] });
  const { accessList } = await rpc(url, 'eth_createAccessList', [{ from: who.deployer.address, to: Rollup.address, data }, 'latest']);
  const slots = accessList.filter(entry => getAddress(entry.address) === Rollup.address).flatMap(entry => entry.storageKeys);
  for (const slot of slots) {
    const before = await rpc(url, 'eth_getStorageAt', [Rollup.address, slot, 'latest']);
    await rpc(url, 'anvil_setStorageAt', [Rollup.address, slot, pad(numberToHex(rewards))]);
    if (await read(Rollup.address, Rollup.abi, 'getSequencerRewards', [attester]) === rewards) return;
    await rpc(url, 'anvil_setStorageAt', [Rollup.address, slot, before]);
  }
  throw new Error('no storage slot holds the sequencer rewards');
}
