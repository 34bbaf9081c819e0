// What the chain itself says at the end: the answers that tests compare with. Read by plain calls, never by our own code.
import { decodeEventLog, getAbiItem, getAddress, toEventSelector } from 'viem';
import { blsKeys, compress } from './bls.mjs';
import { MULTICALL3, account } from './devnet.mjs';

const STATUS = ['NONE', 'VALIDATING', 'ZOMBIE', 'EXITING'];
const FIGURES = [
  'getActivationThreshold', 'getEjectionThreshold', 'getLocalEjectionThreshold', 'getExitDelay', 'getActiveAttesterCount',
  'getEntryQueueLength', 'getEntryQueueFlushSize', 'getAvailableValidatorFlushes', 'getNextFlushableEpoch',
  'getIsBootstrapped', 'getCurrentEpoch', 'getCurrentSlot', 'getSlotDuration', 'getEpochDuration', 'getTargetCommitteeSize',
  'getGenesisTime', 'getPendingCheckpointNumber', 'getProvenCheckpointNumber', 'getVersion',
];
// Publisher accounts: well funded, half empty, nearly dry. Set outside any block, so that the story stays as it is.
const PUBLISHERS = [10n ** 19n, 10n ** 17n, 10n ** 15n].map((balance, i) => ({ address: account(200 + i).address, balance }));

export async function fundPublishers({ url }, rpc) {
  for (const { address, balance } of PUBLISHERS) await rpc(url, 'anvil_setBalance', [address, `0x${balance.toString(16)}`]);
}

// Valid keys that no provider has yet, for tests that add some.
const SPARE_KEYS = 20;
const spareKeys = () => Array.from({ length: SPARE_KEYS }, (_, i) => {
  const pair = blsKeys(`C${i}`);
  return { attester: account(300 + i).address, bls: compress(pair.g1), ...pair };
});

// The same after the cut-over or just before it: of both rollups, and the canonical one's figures.
export async function readUpgrade(devnet, played, next, isAfter) {
  const former = devnet.contracts.Rollup, latest = { address: next.rollup, abi: former.abi };
  const of = rollup => ({ ...devnet, contracts: { ...devnet.contracts, Rollup: rollup } });
  const after = {
    ...of(latest), contracts: { ...devnet.contracts, Rollup: latest, FormerRollup: former },
    addresses: {
      ...devnet.addresses, rollupAddress: next.rollup, slasherAddress: next.slasher, slashingProposerAddress: next.proposer,
    },
  };
  const oracle = await readOracle(isAfter ? after : devnet, played);
  const coinbases = [...new Set(oracle.events.filter(e => e.event === 'StakedWithProvider').map(e => e.args.coinbaseSplitContractAddress))];
  const rollup = async contract => {
    const there = of(contract);
    const rewards = await all(there, contract, 'getSequencerRewards', coinbases.map(coinbase => [coinbase]));
    return {
      address: contract.address, version: await there.read(contract.address, contract.abi, 'getVersion'),
      attesters: await readAttesters(there, played.names, played.bls),
      activeAttesters: await many(there, contract, 'getAttesterAtIndex', 'getActiveAttesterCount'),
      entryQueue: await many(there, contract, 'getEntryQueueAt', 'getEntryQueueLength'),
      rewards: Object.fromEntries(coinbases.map((coinbase, i) => [coinbase, rewards[i]])),
    };
  };
  return { ...oracle, upgrade: { payload: next.payload, former: await rollup(former), next: await rollup(latest) } };
}

// `eventNames` limits the events that are kept; undefined keeps all.
export async function readOracle(devnet, { names, bls, providers, eventNames }) {
  const { reader, read, who, contracts, addresses } = devnet;
  const block = await reader.getBlock();
  return {
    chainId: 31337,
    built: { anvil: '1.5.1', l1Artifacts: '4.1.2' },
    block: { number: block.number, timestamp: block.timestamp },
    contracts: addresses,
    accounts: Object.fromEntries(Object.entries(who).map(([role, a]) => [role, a.address])),
    publishers: PUBLISHERS,
    spareKeys: spareKeys(),
    attesters: await readAttesters(devnet, names, bls),
    activeAttesters: await many(devnet, contracts.Rollup, 'getAttesterAtIndex', 'getActiveAttesterCount'),
    entryQueue: await many(devnet, contracts.Rollup, 'getEntryQueueAt', 'getEntryQueueLength'),
    providers: Object.fromEntries(await Promise.all(providers.map(async id => [id, await readProvider(devnet, id)]))),
    rollup: await readRollup(read, reader, contracts.Rollup, who.stranger),
    events: await readEvents(devnet, eventNames),
  };
}

const all = async ({ reader }, contract, functionName, argsList) => (await reader.multicall({
  contracts: argsList.map(args => ({ ...contract, functionName, args })),
  allowFailure: false, multicallAddress: MULTICALL3, batchSize: 40_000,
}));

async function many(devnet, contract, item, length) {
  const count = Number(await devnet.read(contract.address, contract.abi, length));
  return all(devnet, contract, item, Array.from({ length: count }, (_, i) => [BigInt(i)]));
}

async function readAttesters(devnet, names, bls) {
  const list = Object.entries(names), argsList = list.map(([, address]) => [address]);
  const views = await all(devnet, devnet.contracts.Rollup, 'getAttesterView', argsList);
  const rewards = await all(devnet, devnet.contracts.Rollup, 'getSequencerRewards', argsList);
  return Object.fromEntries(list.map(([name, address], i) => [name, {
    address, bls: bls[name], status: STATUS[views[i].status], effectiveBalance: views[i].effectiveBalance,
    withdrawer: views[i].config.withdrawer, exit: views[i].exit, sequencerRewards: rewards[i],
  }]));
}

async function readProvider(devnet, id) {
  const { StakingRegistry } = devnet.contracts;
  const get = (name, args = [id]) => devnet.read(StakingRegistry.address, StakingRegistry.abi, name, args);
  const [providerAdmin, providerTakeRate, providerRewardsRecipient] = await get('providerConfigurations');
  const firstIndex = await get('getFirstIndexInQueue'), lastIndex = await get('getLastIndexInQueue');
  const queue = [];
  for (let i = firstIndex; i < lastIndex; i++) queue.push((await get('getValueAtIndexInQueue', [id, i])).attester);
  return {
    providerAdmin, providerTakeRate, providerRewardsRecipient, pendingAdmin: await get('pendingProviderAdmins'),
    queueLength: await get('getProviderQueueLength'), firstIndex, lastIndex, queue,
  };
}

async function readRollup(read, reader, { address, abi }, stranger) {
  const figures = {};
  for (const name of FIGURES) figures[name] = await read(address, abi, name);
  for (const functionName of ['getCurrentEpochCommittee', 'getCurrentProposer'])
    figures[`${functionName} (eth_call)`] = await reader.simulateContract({ address, abi, functionName, account: stranger })
      .then(({ result }) => result, error => `revert: ${(error.shortMessage ?? error.message).split('\n').slice(0, 2).join(' ')}`);
  return figures;
}

async function readEvents({ reader, contracts, firstBlock }, eventNames) {
  const byAddress = new Map(Object.entries(contracts).map(([name, { address, abi }]) => [address, { name, abi }]));
  const logs = await reader.getLogs({ address: [...byAddress.keys()], fromBlock: firstBlock, toBlock: 'latest' });
  const topics = eventNames && new Set([...byAddress.values()].flatMap(({ abi }) =>
    eventNames.map(name => getAbiItem({ abi, name })).filter(Boolean).map(toEventSelector)));
  return logs.filter(log => !topics || topics.has(log.topics[0])).flatMap(log => {
    const { name, abi } = byAddress.get(getAddress(log.address));
    let event;
    try { event = decodeEventLog({ abi, data: log.data, topics: log.topics }); } catch { return []; }
    return [{
      block: Number(log.blockNumber), tx: log.transactionHash, logIndex: log.logIndex, contract: name,
      event: event.eventName, topic0: log.topics[0], args: event.args,
    }];
  });
}
