/**
 * The only room with effects: programs, files under a root, the clock, namespaces, libc. Everything here is a thin
 * edge that does what its argument says and decides nothing.
 */
export { type AppendFile, openAppendFile } from './append-file.ts';
export { type Clock, letSignalsIn, systemClock, type Timers } from './clock.ts';
export { DatagramSocket, type Sent, sendUnixDatagram } from './datagram.ts';
export { type EnvFileText, readBytes, readSettingFiles, readTextFile, type SettingFiles } from './env-files.ts';
export { ERRNO, errnoName } from './errno.ts';
export { type Exec, type ExecRequest, type ExecResult, systemExec } from './exec.ts';
export { errnoCode } from './file-error.ts';
export { createFiles, type FileFact, type FileOwner, type Files, type ReadFiles, type WriteFiles } from './files.ts';
export { followedFact } from './followed-fact.ts';
export { stderrIsJournal } from './journal-stream.ts';
export { type Lock, lockDirectory, takeLock } from './lock.ts';
export { codeRanges, giveBackMemory } from './memory.ts';
export {
  closeSocket,
  datagramsOf,
  NETLINK_FAMILY,
  netlinkPort,
  openNetfilterSocket,
  openNetlinkEvents,
  openNetlinkSocket,
  receiveAside,
  receiveInto,
  sendAside,
  sendBytes,
} from './netlink-socket.ts';
export { inNetns, type Netns, openNetns } from './netns.ts';
export { readSysctl, writeSysctl } from './proc-sys.ts';
export { needPrograms, runAttached, startDetached } from './process.ts';
export {
  type Child,
  fileIdentity,
  identifyProcess,
  isAlive,
  type Launch,
  type ProcessEnd,
  type ProcessId,
  type ProcessImage,
  processAgeMs,
  processImage,
  processImages,
  signalProcess,
  startChild,
} from './processes.ts';
export { readEnd } from './read-end.ts';
export {
  acceptsConnections,
  type Listener,
  listListeners,
  listProcesses,
  type ProcessFact,
  processWords,
  socketHolders,
} from './sockets.ts';
export { withTemporaryDirectory } from './temporary.ts';
