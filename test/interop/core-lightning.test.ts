import { coreLightningDriver } from './drivers/core-lightning/driver.ts'
import { eclairDriver } from './drivers/eclair/driver.ts'
import { register } from './register.ts'

register(coreLightningDriver, eclairDriver)
