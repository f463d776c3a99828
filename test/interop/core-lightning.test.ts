import { coreLightningDriver } from './drivers/core-lightning.ts'
import { register } from './register.ts'

register(coreLightningDriver)
