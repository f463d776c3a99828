export { ConnectionLost, type NodeAccess } from './http.ts'
export {
  type AskOptions,
  type FollowedEvent,
  type FollowOptions,
  FollowRefused,
  MalformedAnswer,
  NodeClient,
} from './node-client.ts'
