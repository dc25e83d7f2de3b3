// biome-ignore-all lint/style/noDefaultExport: so the modules of kafkajs are
// The parts of kafkajs 2.2.4 below its public interface that this adapter stands on. The version is
// pinned, and the contract suite runs on them against a real broker.

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    constructor(initialSize?: number);
    buf: Buffer;
    offset: number;
    /** Ours: room that ends where `buf` begins. */
    front?: Buffer;
    writeEncoder(value: Encoder): this;
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[];
    readonly inflight: ReadonlyMap<
      number,
      { readonly requestTimeout: number; timeoutRequest(): void }
    >;
    readonly requestTimeout: number;
    readonly isConnected: () => boolean;
    requestTimeoutIntervalId: NodeJS.Timeout | null;
    scheduleRequestTimeoutCheck(): void;
    destroy(): void;
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';
  import type { Protocol } from 'kafkajs/src/cluster/index.js';
  import type { RootLogger } from 'kafkajs/src/loggers/index.js';

  export default class Connection {
    constructor(options: {
      readonly host: string;
      readonly port: number;
      readonly logger: RootLogger;
      readonly socketFactory: unknown;
      readonly requestTimeout: number;
      readonly connectionTimeout: number;
    });
    socket?: Socket | null;
    /** What has arrived of an answer, and how much is needed to go on. */
    chunks: readonly Buffer[];
    bytesBuffered: number;
    bytesNeeded: number;
    isConnected(): boolean;
    send<Answer>(protocol: Protocol<Answer>): Promise<Answer>;
    connect(): Promise<boolean>;
    disconnect(): Promise<boolean>;
    rejectRequests(error: Error): void;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function socketFactory(): unknown;
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { logCreator, logLevel } from 'kafkajs';
  export interface RootLogger {
    namespace(name: string): RootLogger;
  }
  const loggers: {
    createLogger(options: { level: logLevel; logCreator: logCreator }): RootLogger;
  };
  export default loggers;
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: {
    createErrorFromCode(code: number): Error & {
      readonly type: string;
      readonly retriable: boolean;
    };
  };
  export default errors;
}

declare module 'kafkajs/src/cluster/index.js' {
  import type { RootLogger } from 'kafkajs/src/loggers/index.js';
  import type Connection from 'kafkajs/src/network/connection.js';
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  /** One request and how its answer is read. */
  export interface Protocol<Answer> {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      encode(): Promise<Encoder>;
    };
    readonly response: {
      decode(payload: Buffer): Promise<Answer>;
      parse(answer: Answer): Promise<Answer>;
    };
  }

  export interface PartitionOffsets {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }

  export interface Broker {
    readonly nodeId: number;
    readonly versions: Readonly<Record<number, { minVersion: number; maxVersion: number }>>;
    readonly connectionPool: {
      readonly pool: readonly Connection[];
      send<Answer>(protocol: Protocol<Answer>): Promise<Answer>;
    };
    metadata(topics: readonly string[]): Promise<{
      readonly clusterId: string | null;
      readonly topicMetadata: readonly {
        readonly topic: string;
        readonly partitionMetadata: readonly PartitionMetadata[];
      }[];
    }>;
    initProducerId(options: { transactionalId: null; transactionTimeout: number }): Promise<{
      readonly producerId: string;
      readonly producerEpoch: number;
    }>;
    joinGroup(options: {
      groupId: string;
      sessionTimeout: number;
      rebalanceTimeout: number;
      memberId: string;
      groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    }): Promise<{
      readonly generationId: number;
      readonly leaderId: string;
      readonly memberId: string;
      readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
    }>;
    syncGroup(options: {
      groupId: string;
      generationId: number;
      memberId: string;
      groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
    }): Promise<{ readonly memberAssignment: Buffer }>;
    heartbeat(options: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
    }): Promise<unknown>;
    leaveGroup(options: { groupId: string; memberId: string }): Promise<unknown>;
    offsetCommit(options: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
      topics: readonly PartitionOffsets[];
    }): Promise<unknown>;
    offsetFetch(options: {
      groupId: string;
      topics:
        | null
        | readonly {
            readonly topic: string;
            readonly partitions: readonly { readonly partition: number }[];
          }[];
    }): Promise<{ readonly responses: readonly PartitionOffsets[] }>;
  }

  export interface PartitionMetadata {
    readonly partitionId: number;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  }

  export default class Cluster {
    constructor(options: {
      readonly logger: RootLogger;
      readonly socketFactory: unknown;
      readonly brokers: readonly string[];
      readonly ssl: unknown;
      readonly sasl: unknown;
      readonly clientId: string;
      readonly connectionTimeout: number;
      readonly authenticationTimeout: number;
      readonly reauthenticationThreshold: number;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly metadataMaxAge: number;
      readonly retry: unknown;
      readonly allowAutoTopicCreation: boolean;
      readonly maxInFlightRequests: number | null;
      readonly isolationLevel: number;
    });
    readonly brokerPool: {
      readonly seedBroker?: Broker;
      readonly brokers: Readonly<Record<string, Broker>>;
      findConnectedBroker(): Promise<Broker>;
    };
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    refreshMetadata(): Promise<void>;
    refreshMetadataIfNecessary(): Promise<void>;
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
    fetchTopicsOffset(
      topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number }[];
        readonly fromBeginning: boolean;
      }[],
    ): Promise<readonly PartitionOffsets[]>;
    findBroker(options: { nodeId: number }): Promise<Broker>;
    findControllerBroker(): Promise<Broker>;
    findGroupCoordinator(options: { groupId: string }): Promise<Broker>;
    findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  }
}
