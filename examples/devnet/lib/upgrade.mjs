// The cut-over: the scenario goes on until something of provider 1 stands in every place that a new canonical rollup changes,
// a second rollup is deployed, and governance makes it canonical.
//
//   A0..A4 A6 A7  validating, move along with the latest rollup (as in the scenario, but A6 and A7 were let in)
//   A8            validating, does not move along
//   A9            exiting
//   D0            zombie: slashed out
//   D1            in the former rollup's entry queue, moves along: it will be refused there
//   D2            in the former rollup's entry queue, does not move: it will be let in there
//   D3 D4 D5      in the queue of provider 1
//
// 1,000 tokens wait for the split of A0 and 70 for that of A9, at the former rollup.
//
// The second rollup is of the same release, and stands in for a newer one: it lacks `isRewardsClaimable`, its slashing
// proposer lacks `SLASHING_PROPOSER_TYPE`, and contracts/RollupAdditions.sol answers for what 5 and 6 added.
import { GovernanceAbi, GSEAbi, RollupAbi, SlasherAbi } from '@aztec/l1-artifacts';
import { getAddress, keccak256, pad, parseEther, toFunctionSelector, toHex } from 'viem';
import { deployNextRollup } from './deploy.mjs';
import { EPOCH_SECONDS } from './devnet.mjs';
import { rpc } from './process.mjs';
import { setSequencerRewards } from './scenario.mjs';

const GONE_OF_ROLLUP = ['isRewardsClaimable()'];
const GONE_OF_PROPOSER = ['SLASHING_PROPOSER_TYPE()'];

// Plays what comes before the cut-over. Returns what the oracle needs, and what the cut-over needs.
export async function prepareUpgrade(devnet, played) {
  const { url, who, read, tx, jump, impersonate, reader, compiled, contracts, addresses, slasher, version, log } = devnet;
  const { Rollup, StakingRegistry } = contracts;
  const { key, keyStore } = played;
  const registry = (from, name, args) => tx(from, StakingRegistry.address, StakingRegistry.abi, name, args);
  const stake = moves => registry('delegator1', 'stake', [1n, version, who.delegator1.address, 700, who.delegator1.address, moves]);
  const flush = async () => {
    await jump(EPOCH_SECONDS);
    await tx('stranger', Rollup.address, Rollup.abi, 'flushEntryQueue');
  };
  const keys = Array.from({ length: 6 }, (_, i) => key(`D${i}`, 10 + i));
  await registry('adminA', 'addKeysToProvider', [1n, keys.map(keyStore)]);
  await stake(false); // A8
  await flush(); // A6 A7 S4 A8
  for (let i = 0; i < 2; i++) await stake(true); // A9 D0
  await flush();
  await stake(true); // D1
  await stake(false); // D2
  await tx('delegator1', Rollup.address, Rollup.abi, 'initiateWithdraw', [played.names.A9, who.recipient.address]);
  await impersonate(slasher, async wallet => {
    for (let i = 0; i < 6; i++) await tx(wallet, Rollup.address, Rollup.abi, 'slash', [played.names.D0, parseEther('2000')]);
  });
  await setSequencerRewards(devnet, await splitOf(devnet, played.names.A0), parseEther('1000'));
  await setSequencerRewards(devnet, await splitOf(devnet, played.names.A9), parseEther('70'));

  const privateKey = toHex(who.deployer.getHdKey().privateKey);
  const next = await deployNextRollup(url, privateKey, who.stranger.address, addresses.registryAddress);
  const rollup = getAddress(next.rollupAddress);
  const nextSlasher = await read(rollup, RollupAbi, 'getSlasher');
  const proposer = await read(nextSlasher, SlasherAbi, 'PROPOSER');
  const additions = await devnet.create(compiled.RollupAdditions.abi, compiled.RollupAdditions.bytecode);
  const added = compiled.RollupAdditions.abi.filter(item => item.type === 'function');
  await standIn(devnet, compiled.Facade, rollup, GONE_OF_ROLLUP, additions, added);
  await standIn(devnet, compiled.Facade, proposer, GONE_OF_PROPOSER, additions, []);
  // A devnet is too small for anybody to leave by the originals' rule.
  await tx('stranger', rollup, compiled.RollupAdditions.abi, 'standInExitDivisor', [4n]);
  await rpc(url, 'evm_mine');
  log(`the next rollup is deployed, block ${await reader.getBlockNumber()}`);
  return {
    rollup, slasher: nextSlasher, proposer, payload: getAddress(next.payloadAddress),
    version: await read(rollup, RollupAbi, 'getVersion'),
  };
}

// Governance takes the payload. Whoever replays this must do the same: the oracle of afterwards names its block.
export async function cutOver({ url, read, tx, jump, impersonate, addresses }, next) {
  const governance = getAddress(addresses.governanceAddress);
  const proposer = await read(governance, GovernanceAbi, 'governanceProposer');
  const id = await read(governance, GovernanceAbi, 'proposalCount');
  await impersonate(proposer, wallet => tx(wallet, governance, GovernanceAbi, 'propose', [next.payload]));
  const { votingDelay, votingDuration, executionDelay } = await read(governance, GovernanceAbi, 'getConfiguration');
  await jump(Number(votingDelay) + 12);
  // The power of all stakes is the escrow's.
  await impersonate(getAddress(addresses.gseAddress), async wallet => {
    const power = await read(governance, GovernanceAbi, 'powerNow', [wallet.account.address ?? wallet.account]);
    await tx(wallet, governance, GovernanceAbi, 'vote', [id, power, true]);
  });
  await jump(Number(votingDuration) + Number(executionDelay) + 12);
  await tx('stranger', governance, GovernanceAbi, 'execute', [id]);
  await rpc(url, 'evm_mine');
}

async function splitOf({ reader, contracts: { StakingRegistry } }, attester) {
  const { address, abi } = StakingRegistry;
  const logs = await reader.getContractEvents({ address, abi, eventName: 'StakedWithProvider', fromBlock: 0n });
  return logs.filter(log => log.args.attester === attester).at(-1).args.coinbaseSplitContractAddress;
}

// Puts the facade in the contract's place, and the contract's code behind it.
async function standIn(devnet, facade, address, gone, additions, added) {
  const { url } = devnet;
  const inner = getAddress(`0x${keccak256(address).slice(-40)}`);
  await rpc(url, 'anvil_setCode', [inner, await rpc(url, 'eth_getCode', [address, 'latest'])]);
  const selectors = added.map(item => toFunctionSelector(item));
  const word = list => pad(`0x${list.map(selector => selector.slice(2)).join('')}`, { dir: 'right' });
  const lists = [word(selectors.slice(0, 8)), word(selectors.slice(8))];
  const made = await devnet.create(facade.abi, facade.bytecode, [inner, additions, word(gone.map(toFunctionSelector)), lists]);
  await rpc(url, 'anvil_setCode', [address, await rpc(url, 'eth_getCode', [made, 'latest'])]);
}
