/**
 * A file of this package, by its path from the package's folder. This module, and the bundle in dist/ that it becomes a part of,
 * lie one folder deep: nothing else may look for files beside itself.
 */
export const packageFile = (path: string): URL => new URL(`../${path}`, import.meta.url);
