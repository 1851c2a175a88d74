/** Names that several parts of the settings panel's page agree on. */

/** The id of every workspace's instant module. */
export const INSTANT_ID = 'instant';

/** Marks a drag of the page's own: files that are dragged in are something else. */
export const MODULE_DRAG = 'application/x-residual-module';
