/** What test/support/images/images.ts makes an image from. */

export type FillFunction = (folder: string) => void | Promise<void>;

/**
 * How an image comes to be. In every command {image} stands for the image's path, {source} for a
 * folder with the tree, {proto-v4} and {proto-v5} for the tree as a protofile of mkfs.xfs.
 */
export interface ImageRecipe {
  /** Unique; names its special features: 'ext4-1k-bigalloc'. */
  readonly name: string;
  /** The kernel's name of the file system. */
  readonly type: string;
  /** Size of the sparse file; 0 where mkfs makes the file from {source}. */
  readonly sizeBytes: number;
  /** mkfs and its options; the image is the last argument where {image} is not among them. */
  readonly mkfs: readonly string[];
  readonly fill: 'standard' | 'none' | FillFunction;
  /** Options of the native mount that fills it. */
  readonly fillOptions?: string;
  /** Commands that fill the image where the native kernel cannot, after mkfs. */
  readonly populate?: readonly (readonly string[])[];
  /** Fill by `populate` even where the native kernel could mount it. */
  readonly preferPopulate?: true;
  /** Options of fill-tree.py for {source}. */
  readonly sourceOptions?: readonly string[];
  /** Commands after mkfs (before a native mount fills it): tune2fs, … */
  readonly afterMkfs?: readonly (readonly string[])[];
  /** Commands when all is done: debugfs, … */
  readonly afterFill?: readonly (readonly string[])[];
}
