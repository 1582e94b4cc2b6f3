/** A packed context on disk; `dispose` removes it. */
interface PackedContext {
  path: string;
  /** Bytes. */
  size: number;
  dispose(): Promise<void>;
}

/** Reads and packs the directory of a fetched source. */
export interface SourceFiles {
  /** A text file by its path in the context; undefined where there is none. A path may not climb out. */
  read(dir: string, path: string): Promise<string | undefined>;
  /** A tar.gz of the directory, the named files with other contents. */
  pack(dir: string, replace: { path: string; content: string }[]): Promise<PackedContext>;
}
