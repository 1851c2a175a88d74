// What the extension calls its things in the workbench.

/** Publisher, name and the item's own id. */
export const statusBarId = 'residual.residual.module';
