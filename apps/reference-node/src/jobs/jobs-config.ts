import { z } from "zod";
import type { ConfigField } from "../config/fields.js";
import { type JobOrder, jobOrderSchema, type Site } from "./job.js";

/** Checks the list of sites. */
export const sitesSchema: z.ZodType<readonly Site[]> = z
  .array(z.strictObject({ name: z.string().min(1).max(64), url: z.string().min(1) }))
  .max(1_000);

/** Checks the list of jobs. */
export const jobsSchema: z.ZodType<readonly JobOrder[]> = z.array(jobOrderSchema).max(10_000);

const example = {
  site: '[[dwcp.sites]]\n    name = "paris"\n    url = "dwcp://10.0.0.7:9951"',
  job: '[[dwcp.jobs]]\n    name = "shop.db"\n    source = "/srv/shop.db"\n    site = "paris"',
};

/** The fields of `[[dwcp.sites]]` and `[[dwcp.jobs]]` by path. */
export const jobsFields: Readonly<Record<string, ConfigField>> = {
  "dwcp.sites": {
    meaning: "Other nodes that replicas go to; they hold the same key.",
    allowed: "tables [[dwcp.sites]]",
    example: example.site,
  },
  "dwcp.sites[]": {
    meaning: "One site.",
    allowed: "a table with name and url",
    example: example.site,
  },
  "dwcp.sites[].name": {
    meaning: "What jobs call the site.",
    allowed: "1 to 64 characters, each name once",
    example: 'name = "paris"',
  },
  "dwcp.sites[].url": {
    meaning: "Where the site listens for replicas.",
    allowed: "dwcp://host:port",
    example: 'url = "dwcp://10.0.0.7:9951"',
  },
  "dwcp.jobs": {
    meaning: "What is replicated to sites again and again.",
    allowed: "tables [[dwcp.jobs]]",
    example: example.job,
  },
  "dwcp.jobs[]": {
    meaning: "One job.",
    allowed: "a table with name, source and site",
    example: example.job,
  },
  "dwcp.jobs[].name": {
    meaning: "What the job and the replica are called.",
    allowed: "a plain file name of at most 180 bytes, each name once",
    example: 'name = "shop.db"',
  },
  "dwcp.jobs[].source": {
    meaning: "What is replicated.",
    allowed: "path of a file, a folder, a block device or an SQLite database",
    example: 'source = "/srv/shop.db"',
  },
  "dwcp.jobs[].site": {
    meaning: "Where it goes.",
    allowed: "the name of one of [[dwcp.sites]]",
    example: 'site = "paris"',
  },
  "dwcp.jobs[].as": {
    meaning: "What the source is, where its looks deceive.",
    allowed: '"file", "directory", "image" or "sqlite"',
    example: 'as = "sqlite"',
  },
  "dwcp.jobs[].every_ms": {
    meaning: "How often the node looks for changes.",
    allowed: "100 to 86400000 milliseconds",
    example: "every_ms = 2000",
  },
  "dwcp.jobs[].level": {
    meaning: "How hard changes are compressed.",
    allowed: "0 (stored) to 9",
    example: "level = 3",
  },
};
