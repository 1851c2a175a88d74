/** Placeholder of the types that others code against; the rules follow in the next commit. */
export const RULE_NAMES = ['geometric', 'product', 'ratio', 'joint', 'sir', 'gated', 'mask'] as const;
export type RuleName = (typeof RULE_NAMES)[number];
