/**
 * Statistics of a model's inputs as a file beside the proposal that was quantised with them, so that the same weights can
 * be made again to the bit: floats of another machine differ in their last digits, and these are rounded to quarters of an
 * octave before anything is made of them.
 *
 * The file is JSON: { formatVersion: 1, meanSquares: { <linear layer>: base64 } }, a byte a channel, 4·log2(value) + 128; 0
 * stands for 0.
 */
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { Calibration } from './calibrate';

export const CALIBRATION_FILE = 'calibration.json';
const FORMAT_VERSION = 1;
const STEPS_PER_OCTAVE = 4;
const MIDDLE = 128;

export function writeCalibration(calibration: Calibration): string {
  const meanSquares = Object.fromEntries([...calibration].map(([name, values]) => [name, base64(values)]));
  return `${JSON.stringify({ formatVersion: FORMAT_VERSION, meanSquares }, undefined, 1)}\n`;
}

/** @throws UserError when it is no calibration that this version reads */
export function readCalibration(text: string): Calibration {
  const refuse = () => {
    throw new UserError(
      'calibration-invalid',
      say`${CALIBRATION_FILE} is no calibration that this version of Residual reads. Leave it out, and the model is measured again.`,
    );
  };
  let json: { readonly formatVersion?: unknown; readonly meanSquares?: unknown } | null = null;
  try {
    json = JSON.parse(text);
  } catch {
    refuse();
  }
  if (json?.formatVersion !== FORMAT_VERSION || typeof json.meanSquares !== 'object' || json.meanSquares === null)
    refuse();
  const calibration = new Map<string, Float32Array>();
  for (const [name, codes] of Object.entries(json!.meanSquares as Record<string, unknown>)) {
    if (typeof codes !== 'string') refuse();
    calibration.set(name, floats(codes as string));
  }
  return calibration;
}

function base64(values: Float32Array): string {
  const codes = Uint8Array.from(values, value => {
    if (value === 0) return 0;
    return Math.max(1, Math.min(255, Math.round(STEPS_PER_OCTAVE * Math.log2(value)) + MIDDLE));
  });
  return Buffer.from(codes).toString('base64');
}

/** Powers of two and three constants: exact on every machine, which Math.pow need not be. */
const FRACTIONS = [1, 1.189207115002721, Math.SQRT2, 1.681792830507429];

function floats(text: string): Float32Array {
  return Float32Array.from(Buffer.from(text, 'base64'), code => {
    if (code === 0) return 0;
    const steps = code - MIDDLE;
    const octave = Math.floor(steps / STEPS_PER_OCTAVE);
    const power = octave < 0 ? 1 / (1 << -octave) : 2 ** octave;
    return power * FRACTIONS[steps - octave * STEPS_PER_OCTAVE];
  });
}
