import { homedir, userInfo } from 'node:os'

/** The user's home folder. An empty HOME names none: what belongs at home would go wherever the command was typed. */
export const homeFolder = (): string => homedir() || userInfo().homedir
