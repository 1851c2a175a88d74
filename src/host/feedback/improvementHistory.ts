/** Which improvements are in use and what was in use before each, so that one command goes back. Knows no editor. */
import type { ModuleSetting } from '../modules/moduleChoice';
import { IMPROVEMENT_ID } from './improvementSpec';

export interface UsedImprovement {
  readonly id: string;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Where the setting was written, as a URI; empty for a window without a resource. */
  readonly scope: string;
  /** The level of settings that it was written to, by the editor's number. */
  readonly level: number;
  /** `residual.modules` as it was written there; absent where it was not. */
  readonly before?: unknown;
}

/** Older ones are not gone back to. */
const MOST = 20;

export function withUsed(history: readonly UsedImprovement[], used: UsedImprovement): UsedImprovement[] {
  return [...history, used].slice(-MOST);
}

/** Without those at the end that a person has put out of use by other means. @param isUsed whether settings name it */
export function stillUsed(
  history: readonly UsedImprovement[],
  isUsed: (improvement: UsedImprovement) => boolean,
): UsedImprovement[] {
  return history.slice(0, history.findLastIndex(isUsed) + 1);
}

/** @returns what is not a history is an empty one. */
export function parseHistory(value: unknown): UsedImprovement[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry: unknown): entry is UsedImprovement => {
    const fields = typeof entry === 'object' && entry !== null ? (entry as UsedImprovement) : NOTHING;
    const { id, title, at, scope, level } = fields;
    return [id, title, at, scope].every(field => typeof field === 'string') && typeof level === 'number';
  });
}

const NOTHING: Partial<UsedImprovement> = {};

/** The modules with a new improvement in place of earlier ones, which learned from the same records. */
export function withImprovement(modules: readonly ModuleSetting[], id: string): ModuleSetting[] {
  return [...modules.filter(module => !isImprovement(module.id)), { id }];
}

export function isImprovement(id: string): boolean {
  return id === IMPROVEMENT_ID || new RegExp(`^${IMPROVEMENT_ID}-\\d+$`).test(id);
}

/** `my-feedback`, or with the next number that is free. */
export function nextImprovementId(taken: readonly string[]): string {
  const ids = new Set(taken.map(id => id.toLowerCase()));
  if (!ids.has(IMPROVEMENT_ID)) return IMPROVEMENT_ID;
  for (let n = 2; ; n++) if (!ids.has(`${IMPROVEMENT_ID}-${n}`)) return `${IMPROVEMENT_ID}-${n}`;
}
