// BN254 validator keys: the two public keys and the proof of possession that the GSE checks when it activates a deposit.
// Secrets come from labels, so every build of the chain has the same keys.
import { bn254 } from '@noble/curves/bn254';
import { concatHex, encodeAbiParameters, keccak256, maxUint256, numberToHex, stringToHex, toHex } from 'viem';

const G1 = bn254.G1.ProjectivePoint, G2 = bn254.G2.ProjectivePoint;
const Fp = bn254.fields.Fp;
const DOMAIN = stringToHex('AZTEC_BLS_POP_BN254_V1', { size: 32 });

export const blsSecret = label => (BigInt(keccak256(toHex(`testbed-bls:${label}`))) % (bn254.fields.Fr.ORDER - 1n)) + 1n;

const affine = point => { const { x, y } = point.toAffine(); return { x, y }; };

// The point that a key signs to prove its possession: try-and-increment, as BN254Lib.hashToPoint on chain. The last hash
// decides which of the two roots is taken.
export function registrationDigest(publicKey) {
  const message = concatHex([numberToHex(publicKey.x, { size: 32 }), numberToHex(publicKey.y, { size: 32 })]);
  const hash = n => BigInt(keccak256(encodeAbiParameters(
    [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'uint256' }], [DOMAIN, message, n])));
  for (let attempt = 0n; ; attempt++) {
    const x = hash(attempt);
    if (x >= Fp.ORDER) continue;
    const square = Fp.add(Fp.mul(Fp.mul(x, x), x), 3n);
    let root;
    try { root = Fp.sqrt(square); } catch { continue; }
    const other = Fp.neg(root);
    const [low, high] = root < other ? [root, other] : [other, root];
    return { x, y: hash(maxUint256) % 2n === 0n ? low : high };
  }
}

export function blsKeys(label) {
  const secret = blsSecret(label);
  const g1 = affine(G1.BASE.multiply(secret));
  const q = G2.BASE.multiply(secret).toAffine();
  return {
    g1,
    g2: { x0: q.x.c0, x1: q.x.c1, y0: q.y.c0, y1: q.y.c1 },
    pop: affine(G1.fromAffine(registrationDigest(g1)).multiply(secret)),
  };
}

// The form of a public key in key files: x, with the highest bit set when y is odd.
export const compress = ({ x, y }) => numberToHex(x | ((y & 1n) << 255n), { size: 32 });
