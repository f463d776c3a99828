import { coreLightningDriver } from './drivers/core-lightning/driver.ts'
import { lndDriver } from './drivers/lnd/driver.ts'
import { register } from './register.ts'

register(lndDriver, coreLightningDriver)
