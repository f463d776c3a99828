import { coreLightningDriver } from './drivers/core-lightning/driver.ts'
import { register } from './register.ts'

register(coreLightningDriver)
