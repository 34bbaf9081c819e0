// A fresh anvil with Aztec's contracts and our stand-ins on it, and the means to act on it. Everything is deterministic:
// accounts come from anvil's public test mnemonic, time starts at a fixed moment, and the order of transactions is fixed.
import { GSEAbi, RegistryAbi, RollupAbi, SlasherAbi, TestERC20Abi } from '@aztec/l1-artifacts';
import { createPublicClient, createWalletClient, getAddress, http, toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { compileContracts } from './compile.mjs';
import { deployAztec } from './deploy.mjs';
import { rpc, startAnvil } from './process.mjs';

const T0 = 1767225600; // 2026-01-01T00:00:00Z
const MNEMONIC = 'test test test test test test test test test test test junk';
export const EPOCH_SECONDS = 72 * 32;
export const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';
export const account = index => mnemonicToAccount(MNEMONIC, { addressIndex: index });
const ROLES = ['deployer', 'adminA', 'adminB', 'delegator1', 'delegator2', 'solo', 'recipient', 'adminC', 'stranger'];

export async function startDevnet(log, anvilArgs = []) {
  const who = Object.fromEntries(ROLES.map((role, index) => [role, account(index)]));
  const { url, stop } = await startAnvil(['--timestamp', String(T0), '--slots-in-an-epoch', '1', ...anvilArgs]);
  const reader = createPublicClient({ chain: foundry, transport: http(url, { batch: true }), pollingInterval: 20, cacheTime: 0 });
  const walletOf = sender => createWalletClient({ account: sender, chain: foundry, transport: http(url) });
  const wallets = Object.fromEntries(Object.entries(who).map(([role, a]) => [role, walletOf(a)]));
  const read = (address, abi, functionName, args = []) => reader.readContract({ address, abi, functionName, args });

  // `from` is a role or a wallet client.
  const tx = async (from, address, abi, functionName, args = []) => {
    const wallet = typeof from === 'string' ? wallets[from] : from;
    const hash = await wallet.writeContract({ address, abi, functionName, args, gas: 12_000_000n });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status === 'success') return receipt;
    const reason = await reader.simulateContract({ address, abi, functionName, args, account: wallet.account })
      .then(() => 'not when repeated', error => error.shortMessage ?? error.message);
    throw new Error(`${functionName} reverted: ${reason}`);
  };
  const create = async (abi, bytecode, args = []) => {
    const hash = await wallets.deployer.deployContract({ abi, bytecode, args, gas: 12_000_000n });
    return getAddress((await reader.waitForTransactionReceipt({ hash })).contractAddress);
  };
  // With a fixed block interval anvil ignores evm_increaseTime, so the next timestamp itself is set.
  const jump = async seconds => {
    await rpc(url, 'evm_setNextBlockTimestamp', [Number((await reader.getBlock()).timestamp) + seconds]);
    await rpc(url, 'evm_mine');
  };
  const impersonate = async (address, action) => {
    await rpc(url, 'anvil_impersonateAccount', [address]);
    await rpc(url, 'anvil_setBalance', [address, '0xde0b6b3a7640000']);
    await action(walletOf(address));
    await rpc(url, 'anvil_stopImpersonatingAccount', [address]);
    await rpc(url, 'anvil_setBalance', [address, '0x0']);
  };

  await rpc(url, 'anvil_setBlockTimestampInterval', [12]);
  await installMulticall3(url, reader, wallets.deployer);
  const aztec = await deployAztec(url, toHex(who.deployer.getHdKey().privateKey), who.stranger.address);
  log(`Aztec's contracts are deployed, block ${await reader.getBlockNumber()}`);

  const compiled = compileContracts();
  const splitFactory = await create(compiled.SplitFactory.abi, compiled.SplitFactory.bytecode);
  const stakingRegistry = await create(compiled.StakingRegistry.abi, compiled.StakingRegistry.bytecode,
    [aztec.stakingAssetAddress, splitFactory, aztec.registryAddress]);
  const rollup = getAddress(aztec.rollupAddress);
  const slasher = await read(rollup, RollupAbi, 'getSlasher');
  const slashingProposer = await read(slasher, SlasherAbi, 'PROPOSER');
  const token = { address: getAddress(aztec.stakingAssetAddress), abi: TestERC20Abi };
  const contracts = {
    Rollup: { address: rollup, abi: RollupAbi },
    GSE: { address: getAddress(aztec.gseAddress), abi: GSEAbi },
    Registry: { address: getAddress(aztec.registryAddress), abi: RegistryAbi },
    StakingRegistry: { address: stakingRegistry, abi: compiled.StakingRegistry.abi },
    StandInSplitFactory: { address: splitFactory, abi: compiled.SplitFactory.abi },
  };
  const addresses = {
    ...aztec, stakingRegistryAddress: stakingRegistry, splitFactoryAddress: splitFactory, slasherAddress: slasher,
    slashingProposerAddress: slashingProposer, multicall3: MULTICALL3,
  };
  const version = await read(rollup, RollupAbi, 'getVersion');
  const threshold = await read(rollup, RollupAbi, 'getActivationThreshold');
  // The first block of the story that follows; what was emitted before belongs to the deployment.
  const firstBlock = await reader.getBlockNumber() + 1n;
  return {
    url, stop, who, reader, read, tx, create, jump, impersonate, wallets, compiled, contracts, addresses, token, slasher, version, threshold,
    firstBlock, log,
  };
}

// Multicall3 has the same address on every public chain; put its real code (viem ships it) there.
async function installMulticall3(url, reader, deployer) {
  const { multicall3Bytecode } = await import(new URL('./constants/contracts.js', import.meta.resolve('viem')).href);
  const hash = await deployer.sendTransaction({ data: multicall3Bytecode, gas: 12_000_000n });
  const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
  await rpc(url, 'anvil_setCode', [MULTICALL3, await rpc(url, 'eth_getCode', [contractAddress, 'latest'])]);
}
