export declare const SIZES: Record<"icon" | "sync" | "pane", number[]>;
export declare function draw(name: string, size: number): { asPng(): Buffer; pixels: Buffer };
