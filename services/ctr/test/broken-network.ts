/** Ways to break an ONNX file. */

/** The first half of a file, as a copy that was interrupted leaves it. */
export function truncated(network: Buffer): Buffer {
  return network.subarray(0, network.length / 2);
}

/**
 * A network in which an initialiser is NaN from its first value on, for so many values.
 * A TensorProto is written in the order of its fields: its name, then raw_data (field 9, length-delimited).
 */
export function withNaN(network: Buffer, initialiser: string, values: number): Buffer {
  const broken = Buffer.from(network);
  const head = Buffer.concat([Buffer.from([0x42, initialiser.length]), Buffer.from(initialiser), Buffer.from([0x4a])]);
  const place = broken.indexOf(head);
  if (place < 0) throw new Error(`there is no initialiser ${initialiser}`);
  let start = place + head.length;
  // The length is a varint; its last byte has no continuation bit.
  while ((broken[start++] ?? 0) >= 0x80);
  for (let value = 0; value < values; value++) broken.writeFloatLE(NaN, start + 4 * value);
  return broken;
}

/** A network whose input of this name has another one, of the same length. */
export function withInputRenamed(network: Buffer, from: string, to: string): Buffer {
  if (from.length !== to.length) throw new Error('names must be equally long, or lengths in the file would be wrong');
  return Buffer.from(network.toString('latin1').replaceAll(from, to), 'latin1');
}

/** A tokenizer in which two words have each other's ids. */
export function withWordsSwapped(tokenizer: string, one: string, other: string): string {
  const content = JSON.parse(tokenizer) as { model: { vocab: Record<string, number> } };
  const { vocab } = content.model;
  const [first, second] = [vocab[one], vocab[other]];
  if (first === undefined || second === undefined) throw new Error('both words must be in the vocabulary');
  vocab[one] = second;
  vocab[other] = first;
  return JSON.stringify(content);
}
